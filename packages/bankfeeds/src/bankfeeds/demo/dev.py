"""`bankfeeds dev`: both programs wired together, on the same ports and with the same data every time."""

from pathlib import Path

from bankfeeds.demo import details, pair
from bankfeeds.demo.journey import ending_on_signals
from bankfeeds.demo.show import Screen


def run(port: int, sandbox_port: int, data: Path, details_path: Path | None) -> int:
    """Until Ctrl-C or SIGTERM (0), or until one of the two ends by itself (DemoFailed)."""
    screen = Screen()
    home = pair.make_data_directory(data)
    path = details_path or home / "details.json"
    try:
        with ending_on_signals(), pair.running(home, port, sandbox_port, with_operator=True) as both:
            details.write(path, both.details)
            screen.title("Bankfeeds and the Sage sandbox are running; Ctrl-C ends them")
            screen.note(f"The platform's API   {both.api_url}")
            known = both.details["platform"]
            screen.note(f"The portal           {known['portalUrl']}")
            screen.note(f"  sign in as         {known['operatorName']}, password {known['operatorPassword']}")
            screen.note(f"The Sage sandbox     {both.details['sandbox']['uiUrl']}")
            screen.note(f"Details and keys     {path}")
            screen.note(f"Data and logs        {home}")
            both.wait()
    except KeyboardInterrupt:
        screen.note("stopped")
    return 0
