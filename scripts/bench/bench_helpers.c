// SPDX-License-Identifier: GPL-2.0
/*
 * bench_c.c once more, with what is inline in C called out of line, as Rust has
 * to. The difference to it is what the helpers cost, the difference to
 * bench_rust.rs what the abstractions cost.
 */

#include "bench.h"

u32 rust_helper_readl(const void __iomem *addr);
void rust_helper_writel(u32 value, void __iomem *addr);
int rust_helper_pcibios_err_to_errno(int err);

#undef readl
#undef writel
#undef pcibios_err_to_errno
#define readl			rust_helper_readl
#define writel			rust_helper_writel
#define pcibios_err_to_errno	rust_helper_pcibios_err_to_errno

#ifdef BENCH_STREAMING
dma_addr_t rust_helper_dma_map_single_attrs(struct device *dev, void *ptr, size_t size,
					    enum dma_data_direction dir,
					    unsigned long attrs);
void rust_helper_dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
				      enum dma_data_direction dir, unsigned long attrs);
int rust_helper_dma_mapping_error(struct device *dev, dma_addr_t addr);

#define dma_map_single_attrs	rust_helper_dma_map_single_attrs
#define dma_unmap_single_attrs	rust_helper_dma_unmap_page_attrs
#define dma_mapping_error	rust_helper_dma_mapping_error
#endif

#include "bench_c.c"
