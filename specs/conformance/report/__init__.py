"""The report about adapters: one model, written as JSON lines, Markdown and one page of HTML."""
