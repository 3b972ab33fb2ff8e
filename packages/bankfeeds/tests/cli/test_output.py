"""What others wrote is shown as it is, and does nothing to the terminal."""

from bankfeeds.cli import output


def test_markup_and_escapes_are_shown_and_not_obeyed(capsys):
    output.show_table(("cause",), [("[/bold] [red]x[/red] \x1b[31m",)])
    output.show_line("a\x1b[2Jb\r\nc")

    told = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert told == ["cause", "[/bold] [red]x[/red] ?[31m", "a?[2Jb?", "c"]
