"""Checks of prompts before anything is generated: the register, the classes of harmful content, and who decides."""
