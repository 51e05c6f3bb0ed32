"""
Compute the figures of stats.json again, straight from the data and in another way, and compare.

Usage: python examples/genome_stats/check.py DIRECTORY, where DIRECTORY holds the outputs of a run anywhere in it.
"""

import csv
import gzip
import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
READ_FILES = ("lambda_1", "lambda_2")
K = 21
WINDOW = 500
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def lines(name: str) -> list[str]:
    with gzip.open(DATA / name, "rt") as file:
        return file.read().splitlines()


def gc_percent(bases: str) -> float:
    return round(100 * sum(base in "GC" for base in bases) / sum(base in "ACGT" for base in bases), 4)


def summary(bases: str, qualities: str) -> dict[str, Any]:
    return {
        "bases": len(bases),
        "mean_quality": round(sum(ord(code) - 33 for code in qualities) / len(qualities), 4),
        "gc_percent": gc_percent(bases),
        "n_percent": round(100 * bases.count("N") / len(bases), 4),
    }


def expected() -> dict[str, Any]:
    genome = "".join(lines("lambda.fa.gz")[1:])
    sequences = {name: lines(f"{name}.fq.gz")[1::4] for name in READ_FILES}
    qualities = {name: lines(f"{name}.fq.gz")[3::4] for name in READ_FILES}
    reads = [read for name in READ_FILES for read in sequences[name]]
    kmers = Counter(
        min(kmer, kmer.translate(COMPLEMENT)[::-1])
        for read in reads
        for kmer in (read[start : start + K] for start in range(len(read) - K + 1))
        if set(kmer) <= set("ACGT")
    )
    columns = {
        name: zip(zip(*sequences[name], strict=True), zip(*qualities[name], strict=True), strict=True)
        for name in READ_FILES
    }
    return {
        "genome": {
            "name": "NC_001416.1",
            "length": len(genome),
            "gc_percent": gc_percent(genome),
            "window": WINDOW,
            "windows": [
                {"start": start, "gc_percent": gc_percent(genome[start : start + WINDOW])}
                for start in range(0, len(genome), WINDOW)
            ],
        },
        "reads": {
            name: {"reads": len(sequences[name]), **summary("".join(sequences[name]), "".join(qualities[name]))}
            for name in READ_FILES
        },
        "read_gc_histogram": sorted([percent, number] for percent, number in gc_histogram(reads).items()),
        "quality_by_cycle": [
            {"read_file": name, "cycle": cycle, **summary("".join(bases), "".join(codes))}
            for name in READ_FILES
            for cycle, (bases, codes) in enumerate(columns[name], start=1)
        ],
        "kmers": {
            "k": K,
            "total": sum(kmers.values()),
            "distinct": len(kmers),
            "spectrum": sorted([times, number] for times, number in Counter(kmers.values()).items()),
        },
    }


def gc_histogram(reads: list[str]) -> Counter[int]:
    return Counter(int(100 * sum(base in "GC" for base in read) / len(read.replace("N", "")) + 0.5) for read in reads)


def output(directory: Path, name: str) -> Path:
    """Find an output; a run directory may show it in more than one place."""
    for path in directory.rglob(name):
        return path
    sys.exit(f"{directory} has no {name}")


def compare(directory: Path) -> list[str]:
    """List what differs in the outputs of a run."""
    found = json.loads(output(directory, "stats.json").read_text())
    wanted = expected()
    problems = [f"stats.json: {key} differs" for key in wanted if found.get(key) != wanted[key]]
    with output(directory, "quality_by_cycle.tsv").open(newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    if table != [{key: str(value) for key, value in row.items()} for row in wanted["quality_by_cycle"]]:
        problems.append("quality_by_cycle.tsv differs")
    drawing = ET.parse(output(directory, "genome_stats.svg"))
    # One line in three of the charts, one per read file in the fourth.
    if len(list(drawing.iter("{http://www.w3.org/2000/svg}path"))) != 3 + len(READ_FILES):
        problems.append("genome_stats.svg lacks a line")
    return problems


if __name__ == "__main__":
    differences = compare(Path(sys.argv[1]))
    print("\n".join(differences) or "all figures agree")
    sys.exit(bool(differences))
