// SPDX-License-Identifier: GPL-2.0

//! What is allowed where.

use crate::{bindings, prelude::*};
use core::mem::{offset_of, size_of};

/// What is allowed in a range of frequencies.
///
/// C: `struct ieee80211_reg_rule`.
#[derive(Clone, Copy, Debug)]
pub struct RegRule {
    /// The lower end in MHz.
    pub start_freq: u16,
    /// The upper end in MHz.
    pub end_freq: u16,
    /// The widest channel in MHz.
    pub max_bandwidth: u16,
    /// The highest power in dBm.
    pub max_eirp: u8,
    /// Nothing may be transmitted before something was received.
    pub no_ir: bool,
    /// There may be radar.
    pub dfs: bool,
}

impl RegRule {
    const KHZ: u32 = 1000;

    /// Checks what `is_valid_reg_rule()` does: a rule that is not valid would never apply.
    fn to_raw(self) -> Result<bindings::ieee80211_reg_rule> {
        let width = self
            .end_freq
            .checked_sub(self.start_freq)
            .filter(|&width| width > 0)
            .ok_or(EINVAL)?;
        if self.start_freq == 0 || self.max_bandwidth == 0 || self.max_bandwidth > width {
            return Err(EINVAL);
        }
        let mut raw: bindings::ieee80211_reg_rule = pin_init::zeroed();
        raw.freq_range.start_freq_khz = u32::from(self.start_freq) * Self::KHZ;
        raw.freq_range.end_freq_khz = u32::from(self.end_freq) * Self::KHZ;
        raw.freq_range.max_bandwidth_khz = u32::from(self.max_bandwidth) * Self::KHZ;
        // In 1/100 dB.
        raw.power_rule.max_eirp = u32::from(self.max_eirp) * 100;
        if self.no_ir {
            raw.flags |= bindings::nl80211_reg_rule_flags_NL80211_RRF_NO_IR;
        }
        if self.dfs {
            raw.flags |= bindings::nl80211_reg_rule_flags_NL80211_RRF_DFS;
        }
        Ok(raw)
    }
}

/// The rules of a driver, as a C structure.
///
/// # Invariants
///
/// The memory begins with a `struct ieee80211_regdomain`, followed by as many rules as it says.
pub(crate) struct RegDomain(KVec<u64>);

impl RegDomain {
    /// Fails with [`EINVAL`] if there are no rules, too many, or one that is not valid.
    pub(crate) fn new(rules: &[RegRule]) -> Result<Self> {
        const RULES: usize = offset_of!(bindings::ieee80211_regdomain, reg_rules);
        const {
            assert!(align_of::<bindings::ieee80211_regdomain>() <= align_of::<u64>());
            assert!(RULES % align_of::<bindings::ieee80211_reg_rule>() == 0);
        }

        if rules.is_empty() || rules.len() > bindings::NL80211_MAX_SUPP_REG_RULES as usize {
            return Err(EINVAL);
        }
        let size = RULES + rules.len() * size_of::<bindings::ieee80211_reg_rule>();
        let mut memory = KVec::from_elem(0u64, size.div_ceil(size_of::<u64>()), GFP_KERNEL)?;
        let domain = memory.as_mut_ptr().cast::<bindings::ieee80211_regdomain>();
        for (i, rule) in rules.iter().enumerate() {
            // SAFETY: The memory is aligned as the assertions say, and large enough for the
            // structure and all rules.
            unsafe {
                domain
                    .byte_add(RULES)
                    .cast::<bindings::ieee80211_reg_rule>()
                    .add(i)
                    .write(rule.to_raw()?)
            };
        }
        // SAFETY: As above; all zeroes is a valid value.
        let domain = unsafe { &mut *domain };
        domain.n_reg_rules = rules.len() as u32;
        // The world, by a driver.
        domain.alpha2 = [b'9' as c_char, b'9' as c_char, 0];
        // INVARIANT: Written above.
        Ok(Self(memory))
    }

    pub(crate) fn as_ptr(&self) -> *const bindings::ieee80211_regdomain {
        self.0.as_ptr().cast()
    }
}
