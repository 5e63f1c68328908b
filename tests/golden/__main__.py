"""Writes the golden histories and pictures anew, and says which have changed."""

from tests.golden import NAMES, files_of

for name in NAMES:
    for file, data in files_of(name).items():
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)
            print(f"{file.name} has changed")
