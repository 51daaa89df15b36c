import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "awstracer" / "__init__.py").read_text(encoding="utf-8"))[1]
SERVER = ["moto[server]>=5"]

setup(
    name="awstracer",
    version=VERSION,
    description="Record what you do with the AWS CLI, and play it again in another account, region or name",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10",
    packages=find_packages(include=["awstracer*"]),
    package_data={"awstracer": ["py.typed"], "awstracer.trace": ["schema.json"]},
    install_requires=["awscli>=1.40,<2", "botocore", "colorama>=0.4.6", "jmespath"],
    extras_require={
        "demo": [*SERVER, "pexpect"],
        "test": [*SERVER, "pexpect", "pytest", "pytest-xdist", "hypothesis", "jsonschema", "setuptools>=77"],
        "lint": [
            "import-linter",
            "mypy",
            "ruff",
            "types-colorama",
            "types-pexpect",
            "types-jsonschema",
            "types-setuptools",
        ],
    },
    entry_points={
        "console_scripts": [
            "awstrace-rec = awstracer.cli.main:rec_main",
            "awstrace-play = awstracer.cli.main:play_main",
        ]
    },
    classifiers=[
        "Environment :: Console",
        "Programming Language :: Python :: 3",
        "Topic :: System :: Systems Administration",
    ],
)
