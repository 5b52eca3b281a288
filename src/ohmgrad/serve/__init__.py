"""Serves trained runs over HTTP: the Open Inference Protocol, batching, scenarios, swaps without a gap."""

from ohmgrad.serve.app import application
from ohmgrad.serve.model import Answers, Model
from ohmgrad.serve.run import Address, run, token
from ohmgrad.serve.server import Server
from ohmgrad.serve.settings import ServeSettings, load, of_runs

__all__ = ["Address", "Answers", "Model", "ServeSettings", "Server", "application", "load", "of_runs", "run", "token"]
