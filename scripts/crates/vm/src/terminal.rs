// SPDX-License-Identifier: GPL-2.0

//! The user's terminal: QEMU changes its settings while the guest has it, and a QEMU that is
//! killed does not put them back.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// Puts the settings of a terminal back when it is dropped, or when this process ends, even by
/// SIGKILL: a shell waits for that.
pub struct Keeper {
    shell: Child,
}

/// Ends when nobody can write to its standard input any more. By then the user's shell may be in
/// the foreground again: SIGTTOU must not stop it. The terminal is its standard output.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM TSTP TTIN TTOU
cat >/dev/null
stty "$1" <&1
"#;

impl Keeper {
    /// Remembers the settings of standard input; none if that is no terminal.
    pub fn of_stdin() -> Result<Option<Self>> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(None);
        }
        Self::new(stdin.as_fd().try_clone_to_owned()?).map(Some)
    }

    fn new(terminal: OwnedFd) -> Result<Self> {
        let stty = Command::new("stty")
            .arg("-g")
            .stdin(terminal.try_clone()?)
            .output()
            .context("cannot start stty")?;
        let settings = String::from_utf8_lossy(&stty.stdout).trim().to_string();
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh", &settings])
            .stdin(Stdio::piped())
            .stdout(terminal)
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh")?;
        Ok(Self { shell })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::pty::openpty;
    use nix::sys::termios::{cfmakeraw, tcgetattr, tcsetattr, LocalFlags, SetArg};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    fn cooked(terminal: &OwnedFd) -> bool {
        let flags = tcgetattr(terminal).unwrap().local_flags;
        flags.contains(LocalFlags::ECHO | LocalFlags::ICANON)
    }

    fn raw(terminal: &OwnedFd) {
        let mut settings = tcgetattr(terminal).unwrap();
        cfmakeraw(&mut settings);
        tcsetattr(terminal, SetArg::TCSANOW, &settings).unwrap();
        assert!(!cooked(terminal));
    }

    #[test]
    fn the_settings_come_back() {
        let pty = openpty(None, None).unwrap();
        assert!(cooked(&pty.slave));
        let keeper = Keeper::new(pty.slave.try_clone().unwrap()).unwrap();
        raw(&pty.slave);
        drop(keeper);
        assert!(cooked(&pty.slave));
    }

    #[test]
    fn they_come_back_when_this_process_is_killed() {
        let pty = openpty(None, None).unwrap();
        let mut keeper = Keeper::new(pty.slave.try_clone().unwrap()).unwrap();
        raw(&pty.slave);
        // What the kernel does with the pipe of a process that dies.
        drop(keeper.shell.stdin.take());
        let start = Instant::now();
        while !cooked(&pty.slave) {
            assert!(start.elapsed() < Duration::from_secs(20));
            sleep(Duration::from_millis(10));
        }
    }
}
