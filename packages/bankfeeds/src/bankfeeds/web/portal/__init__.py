"""The operator's portal: pages that work without JavaScript, behind sign-in."""
