// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>

#ifdef CONFIG_NET
#include <net/gro.h>

void rust_helper_netif_napi_add(struct net_device *dev,
				struct napi_struct *napi,
				int (*poll)(struct napi_struct *, int))
{
	netif_napi_add(dev, napi, poll);
}

void rust_helper_netif_napi_del(struct napi_struct *napi)
{
	netif_napi_del(napi);
}

bool rust_helper_napi_schedule(struct napi_struct *n)
{
	return napi_schedule(n);
}

void rust_helper_gro_flush_normal(struct gro_node *gro, bool flush_old)
{
	gro_flush_normal(gro, flush_old);
}

void rust_helper_napi_synchronize(const struct napi_struct *n)
{
	napi_synchronize(n);
}
#endif /* CONFIG_NET */
