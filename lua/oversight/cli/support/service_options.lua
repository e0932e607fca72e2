--- The options of commands that follow.
return {
  metrics = { "--metrics", value = "FILE", help = "keep numbers for Prometheus in this file (textfile collector)" },
  metrics_listen = { "--metrics-listen", value = "ADDRESS:PORT",
    help = "answer GET /metrics there, as 127.0.0.1:9469" },
  log_format = { "--log-format", value = "text|json",
    help = "of log lines (default: text, as key=value); json: of the closing line and of errors as well" },
}
