// SPDX-License-Identifier: GPL-2.0

//! QEMU's monitor, over QMP.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail, ensure, Context, Result};
use qapi::qmp::{self, Event, PciDeviceInfo};
use qapi::{Command, Qmp, Stream};
use serde_json::Value;

/// A monitor that is ready.
pub struct Monitor(Qmp<Stream<BufReader<UnixStream>, UnixStream>>);

impl Monitor {
    /// QEMU answers at once; when it does not, it hangs.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Greets QEMU over a connection that it made.
    pub fn new(stream: UnixStream) -> Result<Self> {
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let greeted = reader
            .fill_buf()
            .context("QEMU's monitor does not answer")?;
        ensure!(!greeted.is_empty(), "QEMU closed its monitor");
        let mut qmp = Qmp::new(Stream::new(reader, stream));
        qmp.handshake().context("QEMU's monitor does not answer")?;
        Ok(Self(qmp))
    }

    fn execute<C: Command>(&mut self, command: C) -> Result<C::Ok> {
        self.0.execute(&command).map_err(|err| match err {
            qapi::ExecuteError::Qapi(err) => anyhow!("QEMU: {}", err.desc),
            qapi::ExecuteError::Io(err) => anyhow!("QEMU's monitor: {err}"),
        })
    }

    /// Saves a picture of a display, in QEMU's working directory: as PNG, or as PPM if that is its
    /// extension.
    pub fn screenshot(&mut self, display: &str, file: &str) -> Result<()> {
        let format = if file.ends_with(".ppm") {
            qmp::ImageFormat::ppm
        } else {
            qmp::ImageFormat::png
        };
        self.execute(qmp::screendump {
            device: Some(display.into()),
            format: Some(format),
            head: None,
            filename: file.into(),
        })?;
        Ok(())
    }

    /// Plugs a device; `device` is written as for `-device`.
    pub fn plug(&mut self, device: &str) -> Result<()> {
        let mut words = device.split(',');
        let driver = words.next().unwrap_or_default().to_string();
        let (mut bus, mut id, mut arguments) = (None, None, qapi::Dictionary::new());
        for word in words {
            let (key, value) = word
                .split_once('=')
                .with_context(|| format!("`{word}` is no key=value"))?;
            match key {
                "bus" => bus = Some(value.to_string()),
                "id" => id = Some(value.to_string()),
                _ => {
                    arguments.insert(key.into(), property(value));
                }
            }
        }
        self.execute(qmp::device_add {
            bus,
            id,
            driver,
            arguments,
        })?;
        Ok(())
    }

    /// Pulls a device, and waits until the guest has let go of it.
    pub fn unplug(&mut self, id: &str, patience: Duration) -> Result<()> {
        self.0.events();
        self.execute(qmp::device_del { id: id.into() })?;
        let start = Instant::now();
        while start.elapsed() < patience {
            self.0.nop().context("QEMU's monitor")?;
            for event in self.0.events() {
                match event {
                    Event::DEVICE_DELETED { data, .. } if data.device.as_deref() == Some(id) => {
                        return Ok(())
                    }
                    Event::DEVICE_UNPLUG_GUEST_ERROR { .. } => {
                        bail!("the guest refuses to let go of {id}")
                    }
                    _ => {}
                }
            }
            sleep(Duration::from_millis(50));
        }
        bail!(
            "the guest did not let go of {id} within {} s",
            patience.as_secs()
        )
    }

    /// A command of the human monitor. What it prints is its result: it has no status.
    pub fn human(&mut self, command: &str) -> Result<String> {
        self.execute(qmp::human_monitor_command {
            cpu_index: None,
            command_line: command.into(),
        })
    }

    /// Ends suspend to RAM; false if the guest is awake.
    pub fn wake(&mut self) -> Result<bool> {
        let asleep = self.execute(qmp::query_status {})?.status == qmp::RunState::suspended;
        if asleep {
            self.execute(qmp::system_wakeup {})?;
        }
        Ok(asleep)
    }

    /// Resets the machine. QEMU ends at a reset otherwise, so that a panic ends it.
    pub fn reset(&mut self) -> Result<()> {
        self.at_reboot(qmp::RebootAction::reset)?;
        self.execute(qmp::system_reset {})?;
        Ok(())
    }

    /// A reset ends QEMU again.
    pub fn reset_is_over(&mut self) -> Result<()> {
        self.at_reboot(qmp::RebootAction::shutdown)
    }

    fn at_reboot(&mut self, action: qmp::RebootAction) -> Result<()> {
        self.execute(qmp::set_action {
            panic: None,
            reboot: Some(action),
            shutdown: None,
            watchdog: None,
        })?;
        Ok(())
    }

    /// The PCI address of the device with this id.
    pub fn address(&mut self, id: &str) -> Result<String> {
        let buses = self.execute(qmp::query_pci {})?;
        buses
            .iter()
            .find_map(|bus| find(&bus.devices, id))
            .with_context(|| format!("no PCI device has the id {id}"))
    }
}

fn find(devices: &[PciDeviceInfo], id: &str) -> Option<String> {
    devices.iter().find_map(|device| {
        if device.qdev_id == id {
            let (bus, slot, function) = (device.bus, device.slot, device.function);
            return Some(format!("0000:{bus:02x}:{slot:02x}.{function:x}"));
        }
        find(device.pci_bridge.as_ref()?.devices.as_ref()?, id)
    })
}

/// The value of a property with the type that QMP wants.
fn property(value: &str) -> Value {
    match value {
        "on" | "true" => Value::Bool(true),
        "off" | "false" => Value::Bool(false),
        _ => match value.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => value.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_have_types() {
        assert_eq!(property("on"), Value::Bool(true));
        assert_eq!(property("17"), Value::from(17));
        assert_eq!(property("rp0"), Value::from("rp0"));
    }
}
