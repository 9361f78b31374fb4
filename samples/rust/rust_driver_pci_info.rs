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
//! ```
//!
//! The directory `rust_driver_pci_info-<name of the device>` in debugfs has these files, of which
//! all but the last one tell what was found in probe:
//!
//! - `capabilities`: the capabilities, and some of their fields.
//! - `link`: the PCI Express link and what is negotiated on it.
//! - `topology`: where the device is.
//! - `vpd`: the serial number of the device, and vital product data.
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

struct Info {
    pdev: ARef<pci::Device>,
    capabilities: Text,
    link: Text,
    topology: Text,
    vpd: Text,
}

impl Info {
    fn new(pdev: &pci::Device<Bound>) -> Result<Self> {
        Ok(Self {
            pdev: pdev.into(),
            capabilities: Text::of(pdev, capabilities)?,
            link: Text::of(pdev, link)?,
            topology: Text::of(pdev, topology)?,
            vpd: Text::of(pdev, vpd)?,
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

    fn rescan(this: &Self, _reader: &mut UserSliceReader) -> Result {
        this.pdev.remove_and_rescan()
    }

    fn debugfs(self, name: &CStr) -> impl PinInit<Scope<Self>> + '_ {
        Scope::dir(self, name, |this, dir| {
            dir.read_callback_file(c_str!("capabilities"), this, &Self::show_capabilities);
            dir.read_callback_file(c_str!("link"), this, &Self::show_link);
            dir.read_callback_file(c_str!("topology"), this, &Self::show_topology);
            dir.read_callback_file(c_str!("vpd"), this, &Self::show_vpd);
            dir.write_only_callback_file(c_str!("rescan"), this, &Self::rescan);
        })
    }
}

#[pin_data]
struct InfoDriver {
    #[pin]
    _debugfs: Scope<Info>,
}

// No device has this id. The table must have an entry, of which a device that is not in it gets the
// information.
kernel::pci_device_table!(
    PCI_TABLE,
    MODULE_PCI_TABLE,
    <InfoDriver as pci::Driver>::IdInfo,
    [(
        pci::DeviceId::from_id(pci::Vendor::from_raw(0xffff), 0xffff),
        ()
    )]
);

impl pci::Driver for InfoDriver {
    type IdInfo = ();
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    // The device does no DMA for this driver.
    const DRIVER_MANAGED_DMA: bool = true;

    fn probe(pdev: &pci::Device<Core>, _info: &Self::IdInfo) -> Result<Pin<KBox<Self>>> {
        let name = CString::try_from_fmt(fmt!("rust_driver_pci_info-{}", pdev.name()))?;
        let info = Info::new(pdev)?;

        KBox::pin_init(
            try_pin_init!(Self {
                _debugfs <- info.debugfs(&name),
            }),
            GFP_KERNEL,
        )
    }
}

kernel::module_pci_driver! {
    type: InfoDriver,
    name: "rust_driver_pci_info",
    authors: ["Seed e5ff81f6 maintainers"],
    description: "Rust PCI driver that tells what it is bound to",
    license: "GPL v2",
}
