"""The rules of TFLite operators; every module beside this one with a public name adds its own."""

from costmodel.readers._rules import Rules

RULES = Rules("TFLite")
rule = RULES
