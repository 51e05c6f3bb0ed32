"""
Compare the variants and alignments of a run with those of direct.sh, record by record.

Usage: python examples/variant_calling/check.py RUN_OUTPUTS DIRECT_OUTPUTS
"""

import csv
import gzip
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def find(directory: Path, name: str) -> Path:
    for path in directory.rglob(name):
        return path
    sys.exit(f"{directory} has no {name}")


def records(directory: Path) -> tuple[list[str], list[list[str]]]:
    """Read the samples of a VCF file, and its records with all their columns."""
    with gzip.open(find(directory, "variants.vcf.gz"), "rt") as vcf:
        lines = [line.rstrip("\n").split("\t") for line in vcf if not line.startswith("##")]
    return [Path(name).stem for name in lines[0][9:]], lines[1:]


def variant_counts(directory: Path) -> dict[str, tuple[int, int]]:
    """Count SNPs and indels of each sample in a VCF file."""
    samples, found = records(directory)
    counts = {}
    for column, sample in enumerate(samples, start=9):
        carried = [record for record in found if record[column].split(":")[0] not in {"0", "."}]
        indels = sum(record[7].startswith("INDEL") for record in carried)
        counts[sample] = (len(carried) - indels, indels)
    return counts


def compare(run: Path, direct: Path) -> list[str]:
    """List what differs."""
    problems = []
    if records(run)[0] != records(direct)[0]:
        problems.append("the samples differ")
    found = {tuple(record) for record in records(run)[1]}
    wanted = {tuple(record) for record in records(direct)[1]}
    problems += [f"only in the run: {' '.join(record)}" for record in sorted(found - wanted)]
    problems += [f"only in the direct run: {' '.join(record)}" for record in sorted(wanted - found)]
    with find(run, "samples.tsv").open(newline="") as file:
        table = {row["sample"]: (int(row["snps"]), int(row["indels"])) for row in csv.DictReader(file, delimiter="\t")}
    if table != variant_counts(direct):
        problems.append(f"the table says {table}, the direct run {variant_counts(direct)}")
    ET.parse(find(run, "depth.svg"))
    if not problems:
        print(f"{len(found)} variants agree, record by record")
    return problems


if __name__ == "__main__":
    differences = compare(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(differences))
    sys.exit(bool(differences))
