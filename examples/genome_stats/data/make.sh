#!/usr/bin/env bash
# Makes the data of this folder again, on Debian or Ubuntu: apt-get install bowtie2-examples art-nextgen-simulation-tools
set -euo pipefail
cd "$(dirname "$0")"

# The sequence as it is, under the accession as its name.
gzip -dc /usr/share/doc/bowtie2/examples/reference/lambda_virus.fa.gz |
    sed '1s/.*/>NC_001416.1 Enterobacteria phage lambda, complete genome/' >lambda.fa

# Twelve-fold coverage in pairs of 100 bases; qualities and errors follow ART's profile of real HiSeq 2000 runs.
art_illumina --seqSys HS20 --paired --noALN --len 100 --fcov 12 --mflen 300 --sdev 30 --rndSeed 1 \
    --in lambda.fa --out lambda_ --id read

# -n leaves out the time, so the files come out the same each time.
gzip -9nf lambda.fa lambda_1.fq lambda_2.fq
