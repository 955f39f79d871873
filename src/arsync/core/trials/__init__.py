"""A policy tried before it touches a customer: replay, backtest, simulation, scenarios."""
