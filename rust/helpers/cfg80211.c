// SPDX-License-Identifier: GPL-2.0

#include <net/cfg80211.h>

#if IS_BUILTIN(CONFIG_CFG80211)
void rust_helper_wiphy_lock(struct wiphy *wiphy)
{
	wiphy_lock(wiphy);
}

void rust_helper_wiphy_unlock(struct wiphy *wiphy)
{
	wiphy_unlock(wiphy);
}

const char *rust_helper_wiphy_name(const struct wiphy *wiphy)
{
	return wiphy_name(wiphy);
}

void rust_helper_wiphy_delayed_work_init(struct wiphy_delayed_work *dwork,
					 wiphy_work_func_t func)
{
	wiphy_delayed_work_init(dwork, func);
}

void rust_helper_wiphy_ext_feature_set(struct wiphy *wiphy,
				       enum nl80211_ext_feature_index ftidx)
{
	wiphy_ext_feature_set(wiphy, ftidx);
}
#endif
