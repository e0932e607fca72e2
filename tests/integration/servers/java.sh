# shellcheck shell=bash
# java.sh: what servers from Maven Central share; sourced after tests/cli/check.sh.

# cannot REASON: the server is not to be had.
cannot() { echo "$*"; exit 77; }

# get_jars GROUP:ARTIFACT:VERSION: the artifact and what it needs, in the folder lib.
get_jars() {
    local group artifact version
    "$root/tests/packages.sh" real >packages.log 2>&1 || cannot "Debian's packages are out of reach: $(tail -n 1 packages.log)"
    IFS=: read -r group artifact version <<<"$1"
    cat >pom.xml <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
  <groupId>oversight</groupId><artifactId>real</artifactId><version>1</version>
  <dependencies><dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>
  </dependency></dependencies></project>
XML
    timeout 240 mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1 ||
        cannot "Maven Central is out of reach: $(grep -m 1 ERROR mvn.log || tail -n 1 mvn.log)"
}

# free_port: a port of 127.0.0.1 that nobody uses.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# until_within SECONDS COMMAND...: waits for it; false after that time.
until_within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}
