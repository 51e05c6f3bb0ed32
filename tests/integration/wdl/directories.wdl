version 1.2

task upper {
    input {
        Directory texts
        File? extra
    }
    command <<<
        mkdir result
        cd "~{texts}"
        find . -type f | while read -r name; do
            mkdir -p "$OLDPWD/result/$(dirname "$name")"
            tr a-z A-Z < "$name" > "$OLDPWD/result/$name"
        done
        cd "$OLDPWD"
        ~{if defined(extra) then "cp '" + select_first([extra]) + "' result/extra.txt" else ""}
    >>>
    output {
        Directory result = "result"
    }
    runtime {
        docker: "debian:stable-slim"
    }
}

workflow directories {
    input {
        Directory texts
        File? extra
    }
    call upper { input: texts = texts, extra = extra }
    output {
        Directory result = upper.result
        File? same = extra
    }
}
