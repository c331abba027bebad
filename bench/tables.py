"""The results of a run as tables: for the terminal at its end, and in Markdown for the page of results."""

from collections.abc import Sequence
from typing import Any

from bench.report import Report, shown


def verdicts(reports: Sequence[Report]) -> str:
    """Every figure that there is an aim for, a line each."""
    found = [
        (report.name, finding) for report in reports for finding in report.findings if finding.aim is not None
    ]
    if not found:
        return "no figure of these has an aim"
    width = max(len(name) for name, _ in found)
    return "\n".join(f"{name:{width}}  {finding}" for name, finding in found)


def markdown(result: dict[str, Any]) -> str:
    """Of what `--json` wrote."""
    machine = result["machine"]
    lines = [
        f"{machine['when']}, on {machine['processor']} ({machine['cores']} cores), {machine['software']}."
    ]
    for report in result["measurements"]:
        lines += [
            "",
            f"### {report['name']}",
            "",
            "| what | figure | of single rounds | aim | |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(series, series["median"], "", "") for series in report["series"]]
        lines += [
            _row(found, found["value"], found.get("aim", ""), _verdict(found)) for found in report["findings"]
        ]
        lines += [line for note in report["notes"] for line in ("", note)]
    return "\n".join(lines)


def _row(found: dict[str, Any], value: float, aim: str, verdict: str) -> str:
    least, most = found.get("least"), found.get("most")
    spread = "" if least is None or most is None or least == most else f"{shown(least)} to {shown(most)}"
    figure = f"{shown(value)} {found['unit']}".rstrip()
    return f"| {found['name']} | {figure} | {spread} | {aim} | {verdict} |"


def _verdict(found: dict[str, Any]) -> str:
    if "met" not in found:
        return ""
    return "met" if found["met"] else "missed"
