from pathlib import Path

from payment_service.troubleshooting import TROUBLESHOOTING

README = Path(__file__).parents[1] / "README.md"


def test_the_readme_tells_the_cause_and_the_cure_of_every_failure():
    text = README.read_text()

    for code, trouble in TROUBLESHOOTING.items():
        assert f"| `{code}` | {trouble.title} | {trouble.cause} | {trouble.cure} |" in text
