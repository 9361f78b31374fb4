// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>
#include <linux/xarray.h>
#include <net/mac80211.h>

#if IS_BUILTIN(CONFIG_MAC80211)
/* In C, since macros initialise the lock of an xarray. */
static DEFINE_XARRAY_ALLOC1(started);

struct xarray *rust_helper_mac80211_started(void)
{
	return &started;
}

void rust_helper__ieee80211_hw_set(struct ieee80211_hw *hw,
				   enum ieee80211_hw_flags flg)
{
	_ieee80211_hw_set(hw, flg);
}

bool rust_helper__ieee80211_hw_check(struct ieee80211_hw *hw,
				     enum ieee80211_hw_flags flg)
{
	return _ieee80211_hw_check(hw, flg);
}

void rust_helper_SET_IEEE80211_DEV(struct ieee80211_hw *hw, struct device *dev)
{
	SET_IEEE80211_DEV(hw, dev);
}

bool rust_helper_within_module(unsigned long addr, const struct module *mod)
{
	return within_module(addr, mod);
}

void rust_helper_ieee80211_tx_info_clear_status(struct ieee80211_tx_info *info)
{
	ieee80211_tx_info_clear_status(info);
}
#endif
