"""Speed and memory beside public peers: same server, same pages, one run."""
