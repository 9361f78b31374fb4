// SPDX-License-Identifier: GPL-2.0

//! The line to the agent in the guest: what it says and what is said to it.
//!
//! It is the guest's second serial port. The console has the first one for itself, so no kernel
//! message can fall into a result.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// What the guest says.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// The agent has started, under this kernel release.
    Ready(String),
    /// A line of output of the command.
    Text(String),
    /// The command has ended.
    Done(String),
    /// A test calls the host.
    Call(Call),
}

/// A call to the host.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// To be repeated in the answer.
    pub id: String,
    /// What it wants.
    pub words: Vec<String>,
}

impl Message {
    fn parse(line: &str) -> Option<Self> {
        if let Some(text) = line.strip_prefix('|') {
            return Some(Self::Text(text.into()));
        }
        let (word, rest) = line.split_once(' ')?;
        match word {
            "ready" => Some(Self::Ready(rest.into())),
            "done" => Some(Self::Done(rest.into())),
            "host" => {
                let mut words = rest.split_whitespace().map(str::to_string);
                let id = words.next()?;
                Some(Self::Call(Call {
                    id,
                    words: words.collect(),
                }))
            }
            _ => None,
        }
    }
}

/// The line itself.
pub struct Guest {
    stream: UnixStream,
    messages: Receiver<Message>,
}

impl Guest {
    /// Listens on a connection that QEMU made.
    pub fn new(stream: UnixStream) -> Result<Self> {
        let reader = BufReader::new(stream.try_clone()?);
        let (sender, messages) = channel();
        // Ends with the connection.
        thread::spawn(move || {
            for line in reader.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if let Some(message) = Message::parse(line.trim_end_matches('\r')) {
                    if sender.send(message).is_err() {
                        break;
                    }
                }
            }
        });
        Ok(Self { stream, messages })
    }

    /// The next message, if it comes in time.
    pub fn next(&self, patience: Duration) -> Option<Message> {
        match self.messages.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                // QEMU has ended or is about to: whoever waits for it must not spin.
                thread::sleep(patience);
                None
            }
        }
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) -> Result<()> {
        writeln!(self.stream, "{line}").context("the guest does not listen any more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        assert_eq!(
            Message::parse("ready 6.18.15"),
            Some(Message::Ready("6.18.15".into()))
        );
        assert_eq!(
            Message::parse("|ok 1 x"),
            Some(Message::Text("ok 1 x".into()))
        );
        assert_eq!(Message::parse("|"), Some(Message::Text(String::new())));
        assert_eq!(
            Message::parse("done timeout"),
            Some(Message::Done("timeout".into()))
        );
        let call = Call {
            id: "7".into(),
            words: vec!["plug".into(), "edu,id=x".into()],
        };
        assert_eq!(
            Message::parse("host 7 plug edu,id=x"),
            Some(Message::Call(call))
        );
        assert_eq!(Message::parse("noise"), None);
    }
}
