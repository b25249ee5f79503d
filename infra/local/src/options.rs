//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use handover_aws::http::check_url;
use tracing::level_filters::LevelFilter;

/// Runs the whole of Handover on this machine: the functions, a local AWS, a sample clinic, and a recorder
/// in the place of messaging providers and e-mail. Nothing leaves this machine without --reach-bots.
#[derive(Clone, Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(name = "handover", version, after_help = AFTER_HELP)]
pub struct Options {
    /// The address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787", value_parser = address)]
    pub listen: SocketAddr,
    /// Where state is kept; created where it is missing
    #[arg(long, value_name = "DIR", default_value = ".handover")]
    pub data: PathBuf,
    /// Keep state in memory alone, and forget it at the end
    #[arg(long, conflicts_with = "data")]
    pub ephemeral: bool,
    /// A template to run in the place of the project's own infra/template.yaml
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Draw ids and secrets from this number instead of randomness, so that they are the same in each new
    /// data directory; protects nothing
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Call the functions in processes of their own, hosted at this address on this machine, as `cargo
    /// lambda watch` does (http://127.0.0.1:9000); /local/environment/NAME says what to start them with
    #[arg(long, value_name = "URL", value_parser = host)]
    pub functions_url: Option<String>,
    /// Allow --listen to be an address that other machines reach: they get full access, secrets included
    #[arg(long)]
    pub allow_remote: bool,
    /// Ask bots (connectors http and openai) over the network, on this machine as well; without this the
    /// recorder gets their questions
    #[arg(long)]
    pub reach_bots: bool,
    /// What is logged to the standard error, as lines of JSON: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    pub log: LevelFilter,
    /// The same as --log info
    #[arg(short, long, conflicts_with = "log")]
    pub verbose: bool,
}

const AFTER_HELP: &str = "\
Webhooks:
  POST /webhooks/INBOX

Any AWS SDK or the AWS CLI, with any credentials:
  AWS_ENDPOINT_URL=http://ADDR AWS_REGION=us-east-1

Pages (JSON):
  GET  /local/info              addresses, inboxes and their secrets, staff
  GET  /local/conversations     all; with /ID, everything about one
  GET  /local/outbox            what went to providers and by e-mail
  GET  /local/quarantine        what could not be read; with /ID, the thing
                                itself; POST /ID/redrive, and /ID/discard
                                with {\"reason\": \"...\"}
  GET  /local/curl?inbox=INBOX&text=TEXT[&from=WHO]
                                a freshly signed command
  POST /local/clock             {\"advance\": \"PT24H\"}
                                or {\"to\": \"2030-01-01T00:00:00Z\"}
  GET  /local/environment/NAME  what a function in a process of its own
                                is started with, as NAME=VALUE lines
  POST /local/faults            {\"rules\": [{\"service\": \"dynamodb\",
                                \"effect\": \"throttle\"}]}; {} ends them

The first line on the standard output is `ready http://ADDR`; commands to paste
follow. Ctrl-C ends what is in flight and stops, a second one stops at once.
What is in the data directory is continued next time.";

impl Options {
    /// The level to log from.
    pub fn level(&self) -> LevelFilter {
        if self.verbose { self.log.max(LevelFilter::INFO) } else { self.log }
    }
}

/// An address with a port. `localhost` is 127.0.0.1.
fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric =
        text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric
        .parse()
        .map_err(|_| "give an IP address and a port, such as 127.0.0.1:8787 or [::1]:8787".to_owned())
}

/// The address of the functions' host: on this machine, since events hold what clients write.
fn host(text: &str) -> Result<String, String> {
    let here = check_url(text, true).is_ok() && check_url(text, false).is_err();
    here.then(|| text.to_owned())
        .ok_or_else(|| "give an address on this machine, such as http://127.0.0.1:9000".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
        let options = Options::parse_from(["handover"]);
        assert_eq!(options.listen.to_string(), "127.0.0.1:8787");
        assert_eq!(options.level(), LevelFilter::WARN);
        let options = Options::parse_from(["handover", "--listen", "localhost:0", "-v", "--ephemeral"]);
        assert_eq!(options.listen.to_string(), "127.0.0.1:0");
        assert_eq!(options.level(), LevelFilter::INFO);
        assert!(Options::try_parse_from(["handover", "--listen", "example.com:80"]).is_err());
        let hosted = ["handover", "--functions-url", "http://127.0.0.1:9000"];
        assert_eq!(Options::parse_from(hosted).functions_url.as_deref(), Some("http://127.0.0.1:9000"));
        assert!(Options::try_parse_from(["handover", "--functions-url", "https://example.com"]).is_err());
    }
}
