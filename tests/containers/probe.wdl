version 1.1

# What a task sees and may do.
workflow probes {
    input {
        File given
        String image
        String victim
    }

    call probe {
        input:
        given, image, victim
    }

    output {
        Array[String] environment = probe.environment
        Array[String] attempts = probe.attempts
        Array[String] seen = probe.seen
        File made = probe.made
    }
}

task probe {
    input {
        File given
        String image
        String victim
    }

    command <<<
        env | cut -d= -f1 | sort > environment.txt
        attempt() {
            if "$@" 2>> errors.txt; then
                echo "could: $*" >> attempts.txt
            else
                echo "could not: $*" >> attempts.txt
            fi
        }
        : > attempts.txt
        attempt rm -f "~{victim}"
        attempt touch "$(dirname "~{victim}")/new"
        attempt sh -c 'echo changed >> "$0"' "~{given}"
        attempt sh -c 'rm "$(readlink -f "$0")"' "~{given}"
        cat errors.txt >&2
        { ls -d /root/.aws /home/*/.aws /host 2>/dev/null; cut -d' ' -f2 /proc/mounts; } > seen.txt
        { id -u; id -g; } > made.txt
    >>>

    output {
        Array[String] environment = read_lines("environment.txt")
        Array[String] attempts = read_lines("attempts.txt")
        Array[String] seen = read_lines("seen.txt")
        File made = "made.txt"
    }

    runtime {
        docker: image
        cpu: 1
        memory: "256 MiB"
    }
}
