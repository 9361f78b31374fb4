// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#ifdef CONFIG_NET
int rust_helper_pskb_trim(struct sk_buff *skb, unsigned int len)
{
	return pskb_trim(skb, len);
}

int rust_helper_skb_linearize(struct sk_buff *skb)
{
	return skb_linearize(skb);
}

void rust_helper_skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page,
				 int off, int size, unsigned int truesize)
{
	skb_add_rx_frag(skb, i, page, off, size, truesize);
}

void rust_helper_skb_orphan(struct sk_buff *skb)
{
	skb_orphan(skb);
}

void rust_helper_skb_list_del_init(struct sk_buff *skb)
{
	skb_list_del_init(skb);
}

void rust_helper_skb_queue_head_init_class(struct sk_buff_head *list,
					   struct lock_class_key *class)
{
	skb_queue_head_init_class(list, class);
}

void rust_helper___skb_queue_head(struct sk_buff_head *list,
				  struct sk_buff *newsk)
{
	__skb_queue_head(list, newsk);
}

void rust_helper___skb_queue_tail(struct sk_buff_head *list,
				  struct sk_buff *newsk)
{
	__skb_queue_tail(list, newsk);
}

void rust_helper___skb_queue_before(struct sk_buff_head *list,
				    struct sk_buff *next,
				    struct sk_buff *newsk)
{
	__skb_queue_before(list, next, newsk);
}

void rust_helper___skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	__skb_unlink(skb, list);
}

unsigned int rust_helper_skb_queue_len_lockless(const struct sk_buff_head *list)
{
	return skb_queue_len_lockless(list);
}

struct sk_buff *rust_helper_skb_share_check(struct sk_buff *skb, gfp_t pri)
{
	return skb_share_check(skb, pri);
}
#endif /* CONFIG_NET */
