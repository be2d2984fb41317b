"""The offline language provider: rules, templates and article search words, without a model behind them."""
