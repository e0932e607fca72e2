# shellcheck shell=bash
# java.sh: what servers from Maven Central share; sourced after tests/cli/check.sh.
# shellcheck source=tests/integration/servers/server.sh
source "$root/tests/integration/servers/server.sh"

# get_jars GROUP:ARTIFACT:VERSION...: the artifacts and what they need, in the folder lib.
get_jars() {
    local wanted group artifact version
    get_packages
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        echo '<groupId>oversight</groupId><artifactId>real</artifactId><version>1</version><dependencies>'
        for wanted; do
            IFS=: read -r group artifact version <<<"$wanted"
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
        done
        echo '</dependencies></project>'
    } >pom.xml
    timeout 240 mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1 ||
        cannot "Maven Central is out of reach: $(grep -m 1 ERROR mvn.log || tail -n 1 mvn.log)"
}
