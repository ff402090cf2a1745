#!/usr/bin/env python
"""Run a management command, on embedded parts where no URL configures others."""

import os
import sys


def main() -> None:
    """Start what is not configured, run the command, stop what was started."""
    from django.core.management import execute_from_command_line

    from marketplace.embedded import parts

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    with parts():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
