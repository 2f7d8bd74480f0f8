"""The policy file: what it says is what holds, and what is wrong with it is told by line."""

from pathlib import Path

import pytest

from bot import policy_file
from bot.domain.policy import Rule
from bot.errors import BadSettings

NOBODY = Rule()
EVERYWHERE = Rule(operators=("U0ANA000001",), approvers=("S0LEADS0001",), channels=("C0NETOPS001",))
WHOLE = """
# who may everywhere
operators = ["U0ANA000001", "S0ONCALL001"]
approvers = ["W0LEAD00001"]
channels = ["C0NETOPS001"]

[gateways.vpngw-7lcl5331]
operators = ["U0BEN000001"]

[gateways."vpngw-9xyz0000"]
approvers = ["S0LEADS0001"]
channels = ["G0WARROOM01", "D0ANABOT001"]
"""


def load(folder: Path, text: str, default: Rule = NOBODY) -> tuple[Rule, dict[str, Rule]]:
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    everywhere, gateways = policy_file.load(path, default)
    return everywhere, dict(gateways)


def complaints(folder: Path, text: str, default: Rule = NOBODY) -> list[str]:
    """The lines that say what is wrong."""
    with pytest.raises(BadSettings) as caught:
        load(folder, text, default)
    assert caught.value.__cause__ is None
    return str(caught.value).splitlines()


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """A gateway's table replaces what it names; what it leaves out is as everywhere."""
    everywhere, gateways = load(tmp_path, WHOLE)
    assert everywhere == Rule(
        operators=("U0ANA000001", "S0ONCALL001"), approvers=("W0LEAD00001",), channels=("C0NETOPS001",)
    )
    assert gateways == {
        "vpngw-7lcl5331": Rule(
            operators=("U0BEN000001",), approvers=("W0LEAD00001",), channels=("C0NETOPS001",)
        ),
        "vpngw-9xyz0000": Rule(
            operators=("U0ANA000001", "S0ONCALL001"),
            approvers=("S0LEADS0001",),
            channels=("G0WARROOM01", "D0ANABOT001"),
        ),
    }


@pytest.mark.parametrize(
    "text",
    ["", "# nothing yet\n", "[gateways]\n", "\ufeff# from an editor that marks its files\n"],
    ids=["empty", "a comment", "no gateway", "a byte order mark"],
)
def test_a_file_that_says_nothing_leaves_the_settings_as_they_are(tmp_path: Path, text: str) -> None:
    """The environment alone decides then."""
    assert load(tmp_path, text, EVERYWHERE) == (EVERYWHERE, {})


def test_the_settings_hold_for_gateways_too(tmp_path: Path) -> None:
    """Operators from the environment, and in the file only what differs on one gateway."""
    _, gateways = load(tmp_path, '[gateways.vpngw-7lcl5331]\napprovers = ["U0BEN000001"]\n', EVERYWHERE)
    assert gateways == {
        "vpngw-7lcl5331": Rule(
            operators=("U0ANA000001",), approvers=("U0BEN000001",), channels=("C0NETOPS001",)
        )
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('\nopperators = ["U0A"]', "2: unknown key “opperators”; did you mean operators?"),
        ('OPERATORS = ["U0A"]', "1: unknown key “OPERATORS”; did you mean operators?"),
        ("[gateway.vpngw-7lcl5331]", "1: unknown key “gateway”; did you mean gateways?"),
        (
            "\n[vpngw-7lcl5331]",
            "2: unknown key “vpngw-7lcl5331”; did you mean [gateways.vpngw-7lcl5331]?",
        ),
        ("color = 1", "1: unknown key “color”; the keys are operators, approvers, channels, gateways."),
        (
            '[gateways.vpngw-7lcl5331]\nchannel = ["C0A"]',
            "2: unknown key “channel”; did you mean channels?",
        ),
        (
            "[gateways.vpngw-7lcl5331]\n[gateways.vpngw-7lcl5331.gateways]",
            "2: unknown key “gateways”; the keys are operators, approvers, channels.",
        ),
        ('operators = "U0A"', '1: operators must be a list of ids in quotes, like ["U012AB3CD"].'),
        ("channels = [1]", '1: channels must be a list of ids in quotes, like ["C012AB3CD"].'),
        ("approvers = {}", '1: approvers must be a list of ids in quotes, like ["U012AB3CD"].'),
        ("operators = []", "1: operators is an empty list; name somebody, or leave the key out."),
        ("channels = []", "1: channels is an empty list; name somebody, or leave the key out."),
        ('operators = ["@ana"]', "1: “@ana” in operators isn't a Slack id like U012AB3CD or S012AB3CD."),
        ('operators = ["C012AB3CD"]', "1: “C012AB3CD” in operators isn't a Slack id like U012AB3CD or"),
        ('operators = ["U012AB3CD "]', "1: “U012AB3CD” in operators isn't a Slack id like U012AB3CD or"),
        ('channels = ["#net-ops"]', "1: “#net-ops” in channels isn't a Slack id like C012AB3CD."),
        ("gateways = 1", "1: gateways must be tables like [gateways.vpngw-7lcl5331]."),
        ("[[gateways]]", "1: gateways must be tables like [gateways.vpngw-7lcl5331]."),
        ("[gateways]\nvpngw-7lcl5331 = 1", "2: “vpngw-7lcl5331” must be a table like [gateways."),
        ("[[gateways.vpngw-7lcl5331]]", "1: “vpngw-7lcl5331” must be a table like [gateways."),
        ("[gateways.vpnx-p0j11j28]", "1: “vpnx-p0j11j28” isn't the id of a gateway like vpngw-7lcl5331."),
        ("[gateways.VPNGW-7LCL5331]", "1: “VPNGW-7LCL5331” isn't the id of a gateway like"),
        ('[gateways."vpngw-7lcl5331 "]', "1: “vpngw-7lcl5331” isn't the id of a gateway like"),
        ('\n\n[gateways."*"]', "3: “*” isn't the id of a gateway like vpngw-7lcl5331."),
        ("\ngateways = {vpngw-7lcl5331 = {oops = 1}}", "2: unknown key “oops”; the keys are"),
        ("\n\ngateways.vpngw-7lcl5331.oops = 1", "3: unknown key “oops”; the keys are"),
        ("operators = [\n", "1: not TOML: Invalid value."),
        ("a = 1\n\noperators = U0A\n", "3, column 13: not TOML: Invalid value."),
        ('operators = ["U0A"]\noperators = ["U0B"]\n', "2, column 20: not TOML: Cannot overwrite"),
        (
            "[gateways.vpngw-7lcl5331]\n[gateways.vpngw-7lcl5331]\n",
            "2, column 25: not TOML: Cannot declare",
        ),
        ("a = 1\nb = ", "2: not TOML: Invalid value."),
        ("a = " + "1" * 5000, "1: not TOML: Exceeds the limit"),
    ],
)
def test_each_fault_is_a_line_with_its_number(tmp_path: Path, text: str, complaint: str) -> None:
    """The file's name, the line, what is wrong, and what it may have been meant to be."""
    (said,) = complaints(tmp_path, text)
    assert said.startswith(f"policy.toml, line {complaint}")
    assert said[-1] in ".?"
    assert said[-2] not in ".?"


def test_all_faults_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    """Nobody starts the bot five times to learn five lines."""
    text = 'color = 1\noperators = ["ana", "ben"]\n[gateways.x]\nchannels = []\ncolor = 2\n'
    assert [said.split(":")[0] for said in complaints(tmp_path, text)] == [
        f"policy.toml, line {line}" for line in (1, 2, 2, 3, 4, 5)
    ]
    twice = complaints(tmp_path, 'operators = ["U0A"]\ncolor = 1\n', EVERYWHERE)
    assert [said.split(":")[0] for said in twice] == ["policy.toml, line 1", "policy.toml, line 2"]


@pytest.mark.parametrize("name", ["operators", "approvers", "channels"])
def test_what_the_environment_says_too_has_to_be_in_one_place(tmp_path: Path, name: str) -> None:
    """Neither silently wins."""
    lists = {"operators": '["U0A"]', "approvers": '["U0A"]', "channels": '["C0A"]'}
    (said,) = complaints(tmp_path, f"\n{name} = {lists[name]}\n", EVERYWHERE)
    assert said == (
        f"policy.toml, line 2: {name} are also set in VPN_BOT_{name.upper()}; keep one of the two."
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file or directory"),
        (b"# \xff", "policy.toml, line 1: not UTF-8"),
        (b"a = 1\r\n\r\n# caf\xe9", "policy.toml, line 3: not UTF-8"),
        ("operators = 1".encode("utf-16"), "policy.toml, line 1: not UTF-8"),
        (b"a = " + b"[" * 9_000, "too deeply"),
        (b"#" * 1_000_001, "million bytes"),
        (b"# a\n" + b"a." * 5_000 + b"a = 1", "policy.toml, line 2: more than 10,000 characters"),
    ],
    ids=["missing", "binary", "Latin-1", "UTF-16", "too deep", "too large", "too long a line"],
)
def test_a_file_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    """One line that names the file, or the setting with its path."""
    path = tmp_path / "policy.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadSettings) as caught:
        policy_file.load(path, NOBODY)
    said = str(caught.value)
    assert complaint in said
    assert said.startswith((f"VPN_BOT_POLICY: {path} ", "policy.toml, line "))
    assert len(said.splitlines()) == 1


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """As when the path ends too early."""
    with pytest.raises(BadSettings, match="can't be read"):
        policy_file.load(tmp_path, NOBODY)


def test_lines_are_counted_as_editors_count_them(tmp_path: Path) -> None:
    """Windows line ends too."""
    path = tmp_path / "policy.toml"
    path.write_bytes(b"# one\r\n# two\r\ncolor = 1\r\n")
    with pytest.raises(BadSettings, match="line 3: unknown key"):
        policy_file.load(path, NOBODY)


def test_what_is_wrong_is_shown_harmless(tmp_path: Path) -> None:
    """Keys and ids are foreign text: one line, short, nothing hidden in it."""
    text = f'"a\\nb\\u202e{"c" * 500}" = 1\noperators = ["\\u0007<!channel>{"d" * 500}"]\n'
    said = complaints(tmp_path, text)
    assert len(said) == 2
    assert all(len(line) < 200 and line.isprintable() for line in said)
