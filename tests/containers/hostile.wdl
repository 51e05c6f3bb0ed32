version 1.1

# A task that knows how runs are laid out, and means harm.
workflow hostile {
    input {
        String image
    }

    call make {
        input:
        image
    }

    call attack {
        input:
        image,
        made = make.made
    }

    call afterwards {
        input:
        image,
        attacked = attack.attempts
    }

    output {
        File made = make.made
        Array[String] attempts = attack.attempts
        String came_later = afterwards.said
    }
}

task make {
    input {
        String image
    }

    command <<<
        echo made > made.txt
    >>>

    output {
        File made = "made.txt"
    }

    runtime {
        docker: image
        memory: "256 MiB"
    }
}

task attack {
    input {
        String image
        File made
    }

    command <<<
        run="$(cd "$PWD/../../.." && pwd)"
        attempt() {
            if "$@" 2>> errors.txt; then
                echo "could: $*" >> attempts.txt
            else
                echo "could not: $*" >> attempts.txt
            fi
        }
        : > attempts.txt
        for file in workflow.log outputs.json error.json outputs.s3.json.tmp call-attack/command call-attack/batch_job.json call-make/work/made.txt call-make/outputs.json; do
            attempt ln -sf /proc/self/environ "$run/$file"
        done
        attempt mkdir "$run/call-afterwards"
        attempt ln -s /mnt/fsx "$run/call-afterwards"
        attempt chmod 0777 "$run"
        attempt rm -rf "$run/call-make"
        ln -sf /proc/self/environ ../stderr.txt
        ln -sf /proc/self/environ ../stdout.txt
        ln -sf /proc/self/environ ../exit_code
        ln -sf /proc/self/environ leak.txt
    >>>

    output {
        Array[String] attempts = read_lines("attempts.txt")
    }

    runtime {
        docker: image
        memory: "256 MiB"
    }
}

task afterwards {
    input {
        String image
        Array[String] attacked
    }

    command <<<
        echo ~{length(attacked)}
    >>>

    output {
        String said = read_string(stdout())
    }

    runtime {
        docker: image
        memory: "256 MiB"
    }
}
