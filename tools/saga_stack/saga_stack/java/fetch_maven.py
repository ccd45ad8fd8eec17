"""Download through Maven, which applies its own mirrors, proxies and credentials."""

import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from rich.progress import Progress
from saga_cli.console import errors

from saga_stack.errors import DownloadError
from saga_stack.java.pinned import Jar

TIMEOUT_SECONDS = 600
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>embedded-kafka</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>{dependencies}</dependencies>
</project>
"""
# The list is complete, so Maven must not resolve any dependencies itself.
DEPENDENCY = """<dependency>
<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
</dependency>
"""


def fetch(jars: Sequence[Jar], folder: Path) -> None:
    """Download the jars into the folder; the caller verifies their digests.

    Raises:
        DownloadError: Maven failed; the message contains the end of its output.
    """
    pom = folder.parent / "pom.xml"
    pom.write_text(POM.format(dependencies="".join(_dependency(jar.path) for jar in jars)))
    command = ["mvn", "-B", "-ntp", "-q", "-f", str(pom), "dependency:copy-dependencies"]
    with Progress(console=errors, transient=True) as progress:
        progress.add_task("Downloading Apache Kafka through Maven", total=None)
        _run([*command, f"-DoutputDirectory={folder}"])


def _dependency(path: str) -> str:
    *group, artifact, version, _file = PurePosixPath(path).parts
    return DEPENDENCY.format(group=".".join(group), artifact=artifact, version=version)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        raise DownloadError(
            f"Maven could not download Apache Kafka: {error.stdout[-1500:]}",
            "Check Maven's settings, or set MAVEN_REPOSITORY_URL to a mirror.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise DownloadError(f"Maven did not finish within {TIMEOUT_SECONDS} s.") from error
