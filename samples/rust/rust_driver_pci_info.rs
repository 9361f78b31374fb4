// SPDX-License-Identifier: GPL-2.0

//! Rust PCI driver sample that tells what it is bound to.
//!
//! It can be bound to any PCI device, and is bound to none unless it is asked to, either for one
//! device or for all with some id:
//!
//! ```text
//! echo rust_driver_pci_info > /sys/bus/pci/devices/0000:01:00.0/driver_override
//! echo 0000:01:00.0 > /sys/bus/pci/drivers/rust_driver_pci_info/bind
//!
//! echo 8086 10c9 > /sys/bus/pci/drivers/rust_driver_pci_info/new_id
//! echo 8086 10c9 ffffffff ffffffff 0 0 1 > /sys/bus/pci/drivers/rust_driver_pci_info/new_id
//! ```
//!
//! With the last line, it also changes what a driver may change of a PCI Express link, and puts it
//! back when it is unbound.
//!
//! The directory `rust_driver_pci_info-<name of the device>` in debugfs has these files, of which
//! all but the last one tell what was found in probe:
//!
//! - `capabilities`: the capabilities, and some of their fields.
//! - `link`: the PCI Express link and what is negotiated on it.
//! - `topology`: where the device is.
//! - `vpd`: the serial number of the device, and vital product data.
//! - `changes`: what has been changed of the link, and the errors, 0 if there was none.
//! - `rescan`: write anything to have the device removed from the system, and found again.
//!
//! The driver does not enable the device.

use core::fmt::{self, Write};
use kernel::{
    c_str,
    debugfs::Scope,
    device::{Bound, Core},
    pci::{
        self,
        cap::{self, ReadConfig, ReadExtendedConfig},
        express::{CompletionTimeout, Control, LinkStates, PacketSize, Word},
        vpd::Vpd,
    },
    prelude::*,
    str::CString,
    sync::aref::ARef,
    uaccess::UserSliceReader,
};

/// Text that grows as needed.
struct Text(KVec<u8>);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}

impl Text {
    /// Returns what `write` writes, which ends with the error if there is one.
    fn of(
        pdev: &pci::Device<Bound>,
        write: impl FnOnce(&pci::Device<Bound>, &mut Self) -> Result,
    ) -> Result<Self> {
        let mut text = Self(KVec::new());

        if let Err(err) = write(pdev, &mut text) {
            writeln!(text, "error {}", err.to_errno())?;
        }

        Ok(text)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

fn capabilities(pdev: &pci::Device<Bound>, text: &mut Text) -> Result {
    let config = pdev.config_space();

    for capability in config.capabilities()? {
        let capability = capability?;
        writeln!(text, "{capability}")?;

        if let Some(pm) = capability.view::<cap::Pm, _>(config)? {
            let capabilities = pm.capabilities()?;
            let status = pm.status()?;

            writeln!(
                text,
                " pm version {} d1 {} d2 {} state {} no_soft_reset {}",
                capabilities.version(),
                capabilities.d1(),
                capabilities.d2(),
                status.state(),
                status.no_soft_reset()
            )?;
        }
        if let Some(msi) = capability.view::<cap::Msi, _>(config)? {
            writeln!(
                text,
                " msi vectors {} address64 {} maskable {} enabled {}",
                msi.vectors()?,
                msi.address64()?,
                msi.maskable()?,
                msi.enabled()?
            )?;
        }
        if let Some(msix) = capability.view::<cap::MsiX, _>(config)? {
            let (table, pending) = (msix.table()?, msix.pending_bits()?);

            writeln!(
                text,
                " msix vectors {} table {}+{:#x} pending {}+{:#x} enabled {}",
                msix.table_size()?,
                table.bar,
                table.offset,
                pending.bar,
                pending.offset,
                msix.enabled()?
            )?;
        }
        if let Some(pcie) = capability.view::<cap::Pcie, _>(config)? {
            writeln!(
                text,
                " pcie version {} {:?} flr {} max_payload {}",
                pcie.version()?,
                pcie.port_type()?,
                pcie.function_level_reset()?,
                pcie.max_payload_size()?.bytes()
            )?;
        }
        if let Some(vendor) = capability.view::<cap::VendorSpecific, _>(config)? {
            writeln!(text, " vendor length {}", vendor.length()?)?;
        }
    }

    let Ok(config) = pdev.config_space_extended() else {
        return Ok(());
    };

    for capability in config.ext_capabilities() {
        let capability = capability?;
        writeln!(text, "{capability}")?;

        if let Some(aer) = capability.view::<cap::Aer, _>(config)? {
            writeln!(
                text,
                " aer uncorrectable {:#x} severity {:#x} correctable {:#x}",
                aer.uncorrectable_status()?.bits(),
                aer.uncorrectable_severity()?.bits(),
                aer.correctable_status()?.bits()
            )?;
        }
        if let Some(sriov) = capability.view::<cap::SrIov, _>(config)? {
            writeln!(
                text,
                " sriov total {} num {} offset {} stride {} device {:#x} enabled {}",
                sriov.total_vfs()?,
                sriov.num_vfs()?,
                sriov.first_vf_offset()?,
                sriov.vf_stride()?,
                sriov.vf_device_id()?,
                sriov.enabled()?
            )?;
        }
        if let Some(rebar) = capability.view::<cap::ReBar, _>(config)? {
            for index in 0..rebar.count()? {
                let bar = rebar.bar(index)?;

                writeln!(text, " rebar {} sizes {:#x}", bar.bar, bar.sizes())?;
            }
        }
    }

    Ok(())
}

fn link(pdev: &pci::Device<Bound>, text: &mut Text) -> Result {
    let Some(express) = pdev.express() else {
        writeln!(text, "not PCI Express")?;
        return Ok(());
    };

    writeln!(text, "type {:?}", express.port_type())?;
    match express.link()? {
        Some(link) => writeln!(text, "link {} {}", link.speed, link.width)?,
        None => writeln!(text, "link none")?,
    }
    writeln!(
        text,
        "max {:?} {:?}",
        express.max_speed(),
        express.max_width()
    )?;
    writeln!(text, "payload {}", express.payload_size()?.bytes())?;

    // As a driver would set it; the one in use is always possible.
    let read_request = express.read_request_size()?;
    express.set_read_request_size(read_request)?;
    writeln!(
        text,
        "read_request {}",
        express.read_request_size()?.bytes()
    )?;
    writeln!(
        text,
        "completion_timeout {:?}",
        express.completion_timeout()?
    )?;
    writeln!(text, "aspm {}", express.aspm_enabled()?)?;
    writeln!(
        text,
        "relaxed_ordering {}",
        express.relaxed_ordering_enabled()?
    )?;

    let bandwidth = express.bandwidth_available();
    writeln!(
        text,
        "available {} limited by {}",
        bandwidth.mbps,
        bandwidth.device.address()
    )?;

    Ok(())
}

fn topology(pdev: &pci::Device<Bound>, text: &mut Text) -> Result {
    let address = pdev.address();
    let bus = pdev.bus();

    writeln!(
        text,
        "address {} bus {} root {}",
        address,
        bus.number(),
        bus.is_root()
    )?;
    for bridge in core::iter::successors(pdev.upstream_bridge(), |bridge| bridge.upstream_bridge())
    {
        let kind = bridge.express().and_then(|express| express.port_type());

        writeln!(text, "bridge {} {:?}", bridge.address(), kind)?;
    }
    if let Some(port) = pdev.root_port() {
        writeln!(text, "root_port {}", port.address())?;
    }
    writeln!(
        text,
        "vga {} thunderbolt {} pr3 {}",
        pdev.is_vga(),
        pdev.is_thunderbolt_attached(),
        pdev.pr3_present()
    )?;

    let id = pci::DeviceId::from_id(pdev.vendor_id(), pdev.device_id().into());
    writeln!(text, "same_id {}", pci::Devices::matching(id).count())?;

    Ok(())
}

fn vpd(pdev: &pci::Device<Bound>, text: &mut Text) -> Result {
    match pdev.serial_number()? {
        Some(number) => writeln!(text, "serial {number:016x}")?,
        None => writeln!(text, "serial none")?,
    }

    let vpd = match pdev.vpd() {
        Ok(vpd) => vpd,
        Err(err) if err == ENODEV => {
            writeln!(text, "vpd none")?;
            return Ok(());
        }
        Err(err) => return Err(err),
    };
    let vpd: Vpd<'_> = vpd.as_vpd();

    writeln!(text, "checksum {:?}", vpd.checksum()?)?;
    for resource in vpd.resources() {
        let resource = resource?;

        writeln!(text, "{:?} {:02x?}", resource.tag, resource.data)?;
    }

    Ok(())
}

/// What the driver does to a device.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Look,
    Change,
}

/// Bits of the device control registers: reset the function, and stop requests with prefixes.
const CONTROL_RESET: u16 = 1 << 15;
const CONTROL2_PREFIX_BLOCKING: u16 = 1 << 15;

/// What of the link has been changed, as it was before.
struct Changes {
    payload: PacketSize,
    read_request: PacketSize,
    timeout: CompletionTimeout,
    control2: u16,
}

impl Changes {
    fn result(text: &mut Text, what: &str, result: Result) -> Result {
        let errno = result.err().map_or(0, Error::to_errno);

        writeln!(text, "{what} {errno}")?;
        Ok(())
    }

    /// Changes everything, whether or not the device has it.
    fn make(pdev: &pci::Device<Bound>, text: &mut Text) -> Result<Self> {
        let express = pdev.express().ok_or(ENODEV)?;
        let before = Self {
            payload: express.payload_size()?,
            read_request: express.read_request_size()?,
            timeout: express.completion_timeout()?,
            control2: express.read16(Word::DeviceControl2)?,
        };

        for size in [PacketSize::B128, PacketSize::B4096] {
            let what = CString::try_from_fmt(fmt!("payload {}", size.bytes()))?;
            Self::result(text, what.to_str()?, express.set_payload_size(size))?;
        }
        Self::result(
            text,
            "read_request 4096",
            express.set_read_request_size(PacketSize::B4096),
        )?;
        for timeout in [
            CompletionTimeout::Default,
            CompletionTimeout::S17To64,
            CompletionTimeout::Disabled,
        ] {
            let what = CString::try_from_fmt(fmt!("timeout {timeout:?}"))?;
            Self::result(
                text,
                what.to_str()?,
                express.set_completion_timeout(timeout),
            )?;
        }
        Self::result(
            text,
            "reset",
            express.clear_and_set(Control::Device, 0, CONTROL_RESET),
        )?;
        Self::result(
            text,
            "prefix_blocking",
            express.clear_and_set(Control::Device2, 0, CONTROL2_PREFIX_BLOCKING),
        )?;
        Self::result(text, "l0s", express.enable_link_states(LinkStates::L0S))?;

        Ok(before)
    }

    /// Puts back what was before, except that the link does not enter L0s any more.
    fn undo(&self, pdev: &pci::Device<Bound>) -> Result {
        let express = pdev.express().ok_or(ENODEV)?;

        express.set_payload_size(self.payload)?;
        express.set_read_request_size(self.read_request)?;
        express.set_completion_timeout(self.timeout)?;
        express.clear_and_set(
            Control::Device2,
            !self.control2 & CONTROL2_PREFIX_BLOCKING,
            0,
        )?;
        express.disable_link_states(LinkStates::L0S)
    }
}

struct Info {
    pdev: ARef<pci::Device>,
    capabilities: Text,
    link: Text,
    topology: Text,
    vpd: Text,
    changes: Text,
}

impl Info {
    fn new(pdev: &pci::Device<Bound>) -> Result<Self> {
        Ok(Self {
            pdev: pdev.into(),
            capabilities: Text::of(pdev, capabilities)?,
            link: Text::of(pdev, link)?,
            topology: Text::of(pdev, topology)?,
            vpd: Text::of(pdev, vpd)?,
            changes: Text(KVec::new()),
        })
    }

    fn show_capabilities(this: &Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", this.capabilities)
    }

    fn show_link(this: &Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", this.link)
    }

    fn show_topology(this: &Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", this.topology)
    }

    fn show_vpd(this: &Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", this.vpd)
    }

    fn show_changes(this: &Self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", this.changes)
    }

    fn rescan(this: &Self, _reader: &mut UserSliceReader) -> Result {
        this.pdev.remove_and_rescan()
    }

    fn debugfs(self, name: &CStr) -> impl PinInit<Scope<Self>> + '_ {
        Scope::dir(self, name, |this, dir| {
            dir.read_callback_file(c_str!("capabilities"), this, &Self::show_capabilities);
            dir.read_callback_file(c_str!("link"), this, &Self::show_link);
            dir.read_callback_file(c_str!("topology"), this, &Self::show_topology);
            dir.read_callback_file(c_str!("vpd"), this, &Self::show_vpd);
            dir.read_callback_file(c_str!("changes"), this, &Self::show_changes);
            dir.write_only_callback_file(c_str!("rescan"), this, &Self::rescan);
        })
    }
}

#[pin_data]
struct InfoDriver {
    #[pin]
    _debugfs: Scope<Info>,
    changes: Option<Changes>,
}

// No device has these ids. The table must have an entry, of which a device that is not in it gets
// the information; the first one, unless `new_id` says which.
kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <InfoDriver as pci::Driver>::IdInfo,
    [
        (
            pci::DeviceId::from_id(pci::Vendor::from_raw(0xffff), 0xffff),
            Mode::Look
        ),
        (
            pci::DeviceId::from_id(pci::Vendor::from_raw(0xffff), 0xfffe),
            Mode::Change
        )
    ]
);

impl pci::Driver for InfoDriver {
    type IdInfo = Mode;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    // The device does no DMA for this driver.
    const DRIVER_MANAGED_DMA: bool = true;

    fn probe(pdev: &pci::Device<Core>, mode: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        let name = CString::try_from_fmt(fmt!("rust_driver_pci_info-{}", pdev.name()))?;
        let mut info = Info::new(pdev)?;
        let changes = match mode {
            Mode::Look => None,
            Mode::Change => Some(Changes::make(pdev, &mut info.changes)?),
        };

        KBox::pin_init(
            try_pin_init!(Self {
                _debugfs <- info.debugfs(&name),
                changes,
            }),
            GFP_KERNEL,
        )
    }

    fn unbind(pdev: &pci::Device<Core>, this: Pin<&Self>) {
        if this
            .changes
            .as_ref()
            .is_some_and(|changes| changes.undo(pdev).is_err())
        {
            dev_warn!(pdev.as_ref(), "not all of the link is as it was\n");
        }
    }
}

kernel::module_pci_driver! {
    type: InfoDriver,
    name: "rust_driver_pci_info",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Rust PCI driver that tells what it is bound to",
    license: "GPL v2",
}
