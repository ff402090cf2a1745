"""The specification names its tests; a name that no test has any more would be a promise that nothing keeps."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_the_specification_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)…?`", (ROOT / "attribution" / "README.md").read_text(encoding="utf-8"))
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert not [name for name in named if f"def {name}" not in code]
