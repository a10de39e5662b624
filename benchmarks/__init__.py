"""Speed and memory compared with public tools: same server, same pages, one run."""
