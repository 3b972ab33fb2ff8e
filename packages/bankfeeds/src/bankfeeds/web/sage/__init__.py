"""The four calls that Sage makes: the Connector API."""
