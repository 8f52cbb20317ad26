"""``python -m biomech.stance``: write anew what follows from the table of stance parameters, in a checkout."""

from pathlib import Path

from biomech.stance.written.documents import WRITTEN


def write(root: Path) -> list[str]:
    """Write the files anew; which have changed."""
    changed = []
    for name, become in WRITTEN.items():
        path = root / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = become(old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            changed.append(name)
    return changed


if __name__ == "__main__":
    for changed_file in write(Path(__file__).parents[2]):
        print(changed_file)
