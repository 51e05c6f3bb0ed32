#!/usr/bin/env bash
# Puts the data of this example into examples/variant_calling/data: the genome of phage lambda and 10,000 read pairs, as
# two samples, from Debian's package bowtie2-examples. Runs where apt-get does, Debian or Ubuntu; no root needed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$work" && apt-get download -qq bowtie2-examples 2>/dev/null && dpkg-deb --extract bowtie2-examples_*.deb .)
source="$work/usr/share/doc/bowtie2/examples"

gzip -dc "$source/reference/lambda_virus.fa.gz" | sed '1s/.*/>NC_001416.1/' | gzip -9n >data/lambda.fa.gz
for mate in 1 2; do
    gzip -dc "$source/reads/reads_$mate.fq.gz" >"$work/reads.fq"
    head -n 20000 "$work/reads.fq" | gzip -9n >"data/a_$mate.fq.gz"
    tail -n +20001 "$work/reads.fq" | gzip -9n >"data/b_$mate.fq.gz"
done
