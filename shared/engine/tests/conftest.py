"""Makes the engine's test support importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
