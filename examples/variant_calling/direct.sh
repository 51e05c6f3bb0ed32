#!/usr/bin/env bash
# The same tools without WDL and without chunks: each sample aligned in one go. For comparison with a run, see check.py.
#
# Usage: examples/variant_calling/direct.sh OUTPUT_DIRECTORY
set -euo pipefail
data=$(cd "$(dirname "${BASH_SOURCE[0]}")/data" && pwd)
mkdir -p "$1"
cd "$1"
gzip -dc "$data/lambda.fa.gz" >genome.fa
bwa index genome.fa 2>bwa.log
samtools faidx genome.fa
for sample in a b; do
    bwa mem -R "@RG\tID:$sample\tSM:$sample" genome.fa "$data/${sample}_1.fq.gz" "$data/${sample}_2.fq.gz" 2>>bwa.log |
        samtools sort -o "$sample.bam"
    samtools index "$sample.bam"
done
bcftools mpileup -Ou -f genome.fa -a FORMAT/AD,FORMAT/DP a.bam b.bam 2>mpileup.log |
    bcftools call --ploidy 1 -mv -Oz -o variants.vcf.gz
