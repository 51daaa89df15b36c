"""awstracer: record what you do with `aws`, play it again elsewhere.

The pipeline, one module for each stage:

    awstrace-rec    cli -> recorder -> driver (+ capture) -> tracefile
    awstrace-play   tracefile -> relations -> plan -> player -> driver (+ capture)

A trace is data (`trace`), what feeds what is derived from it alone (`relations`),
the plan is computed before anything is sent (`plan`), and only `driver` knows awscli.
"""

__version__ = "2.0.0"
