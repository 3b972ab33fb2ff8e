"""What the demo looks like: titles, one aligned line a step, a table of what arrived, and the verdict."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bankfeeds.domain.statement_file import AccountLines, FileAccount, Proof

ROWS_SHOWN_MAX = 30
WIDTH_WITHOUT_TERMINAL = 110
_PARTIES_WIDTH = 24
_CALL_WIDTH = 36
_PROOFS = {
    Proof.proved: "opening balance and lines add up to the closing balance",
    Proof.failed: "the balances do not add up",
    Proof.unproved: "the balances cannot be checked",
}


class Row(NamedTuple):
    """One line as Sage has it; the amount in major units."""

    number: str
    on: str
    text: str
    amount: Decimal
    payee: str


class Screen:
    """Writes to standard output; plain lines where no terminal is."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        if not self.console.is_terminal:
            self.console.width = WIDTH_WITHOUT_TERMINAL

    @property
    def is_terminal(self) -> bool:
        return self.console.is_terminal

    def title(self, words: str) -> None:
        self.console.print(f"\n[bold]{escape(words)}[/bold]")

    def step(self, parties: str, call: str, result: str = "") -> None:
        """One thing that happened: who called whom, with what, to what effect."""
        line = f"  [green]✓[/green] [cyan]{escape(parties):<{_PARTIES_WIDTH}}[/cyan]  {escape(call):<{_CALL_WIDTH}}"
        self.console.print(f"{line}  [dim]{escape(result)}[/dim]".rstrip())

    def note(self, words: str) -> None:
        self.console.print(f"    {escape(words)}")

    def warn(self, words: str) -> None:
        self.console.print(f"  [yellow]![/yellow] {escape(words)}")

    def fail(self, words: str) -> None:
        self.console.print(f"\n[bold red]✗[/bold red] {escape(words)}")

    def success(self, words: str) -> None:
        self.console.print(f"\n[bold green]✓[/bold green] {escape(words)}")

    def account(self, lines: AccountLines) -> None:
        """What the file says of one account."""
        about = lines.account
        name = f"{about.name}, " if about.name else ""
        self.console.print(f"  [bold]{escape(about.id)}[/bold]  {escape(name)}{escape(about.currency)}")
        parts = [plural(len(lines.lines), "booked entry", "booked entries")]
        if lines.lines:
            parts.append(f"{lines.lines[0].date} to {lines.lines[-1].date}")
        if lines.pending:
            parts.append(f"{lines.pending} pending, held back")
        if lines.opening and lines.closing:
            parts.append(f"{lines.opening.amount} → {lines.closing.amount}")
        self.note(" · ".join([*parts, _PROOFS[lines.proof]]))
        for warning in lines.warnings:
            self.warn(warning)

    @contextmanager
    def waiting(self, words: str, total: int) -> Generator[Callable[[int], None]]:
        """A bar while lines arrive; told how many by calling what it yields."""
        columns = (TextColumn("    {task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.is_terminal) as progress:
            task = progress.add_task(words, total=total)

            def note(done: int) -> None:
                progress.update(task, completed=done)

            yield note

    def received(self, account: FileAccount, rows: Sequence[Row], balance: str) -> None:
        """The table of what Sage has: date, text, payee, amount, its id there."""
        title = f"In Sage: {account.id}, {plural(len(rows), 'transaction', 'transactions')}, balance {balance}"
        table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=True)
        table.add_column("#", justify="right", style="dim", min_width=4)
        table.add_column("date", min_width=10)
        table.add_column("description", overflow="ellipsis", no_wrap=True, min_width=20, max_width=42)
        table.add_column("payee", overflow="ellipsis", no_wrap=True, min_width=10, max_width=24)
        table.add_column(f"amount {account.currency}", justify="right", no_wrap=True, min_width=12)
        for number, on, text, amount, payee in shortened(rows):
            colour = "red" if amount < 0 else "green"
            table.add_row(number, on, escape(text), escape(payee), f"[{colour}]{amount:,}[/{colour}]" if number else "")
        self.console.print()
        self.console.print(table)


def shortened(
    rows: Sequence[Row],
) -> Sequence[Row]:
    """The first and the last rows of a long table, with a gap between."""
    if len(rows) <= ROWS_SHOWN_MAX:
        return rows
    half = ROWS_SHOWN_MAX // 2
    gap = Row("", "…", f"{len(rows) - 2 * half:,} more", Decimal(0), "")
    return [*rows[:half], gap, *rows[-half:]]


def plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
