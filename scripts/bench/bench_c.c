// SPDX-License-Identifier: GPL-2.0
/*
 * What drivers do in their hot paths, as they do it in C. The functions of the
 * same names in bench_rust.rs do the same.
 */

#include "bench.h"

#define BENCH __used noinline

/* The registers of the device. */
#define STATUS	0x24
#define ACK	0x64
#define CONTROL	0x10

struct bench {
	void __iomem *base;
	struct pci_dev *pdev;
	u32 *ring;
	struct completion done;
};

static BENCH u32 bench_mmio_read(struct bench *b)
{
	return readl(b->base + CONTROL);
}

static BENCH void bench_mmio_write(struct bench *b, u32 value)
{
	writel(value, b->base + CONTROL);
}

static BENCH void bench_mmio_update(struct bench *b, u32 set)
{
	writel((readl(b->base + CONTROL) & ~0xff) | set, b->base + CONTROL);
}

static BENCH u8 bench_register_read(struct bench *b)
{
	return readl(b->base + CONTROL) & 0xff;
}

static BENCH void bench_register_update(struct bench *b, u8 mode)
{
	writel((readl(b->base + CONTROL) & ~0xff) | mode, b->base + CONTROL);
}

static BENCH int bench_register_checked(struct bench *b, u32 *value)
{
	u32 control = readl(b->base + CONTROL);

	switch (READ_ONCE(b->pdev->error_state)) {
	case pci_channel_io_frozen:
		return -EIO;
	case pci_channel_io_perm_failure:
		return -ENODEV;
	}
	if (PCI_POSSIBLE_ERROR(control) && !pci_device_is_present(b->pdev))
		return -ENODEV;

	*value = control;
	return 0;
}

/* C has nothing that tells whether the mapping is still there. */
static BENCH int bench_mmio_access(struct bench *b, struct device *dev, u32 value)
{
	writel(value, b->base + CONTROL);
	return 0;
}

static BENCH int bench_mmio_try_access(struct bench *b, u32 value)
{
	writel(value, b->base + CONTROL);
	return 0;
}

static BENCH int bench_config_read(struct pci_dev *pdev, u16 *value)
{
	int ret;

	ret = pci_read_config_word(pdev, PCI_COMMAND, value);
	if (ret)
		return pcibios_err_to_errno(ret);
	if (PCI_POSSIBLE_ERROR(*value) && !pci_device_is_present(pdev))
		return -ENODEV;

	return 0;
}

static BENCH int bench_config_write(struct pci_dev *pdev, u16 value)
{
	int ret;

	ret = pci_write_config_word(pdev, PCI_COMMAND, value);
	if (ret)
		return pcibios_err_to_errno(ret);

	return 0;
}

static BENCH irqreturn_t bench_irq_empty(int irq, void *data)
{
	return IRQ_HANDLED;
}

static BENCH irqreturn_t bench_irq_status(int irq, void *data)
{
	struct bench *b = data;
	u32 status = readl(b->base + STATUS);

	if (!status)
		return IRQ_NONE;

	writel(status, b->base + ACK);
	return IRQ_HANDLED;
}

static BENCH u32 bench_coherent_read(struct bench *b, size_t index)
{
	return READ_ONCE(b->ring[index]);
}

static BENCH int bench_coherent_write(struct bench *b, size_t index, u32 value)
{
	WRITE_ONCE(b->ring[index], value);
	return 0;
}

static BENCH void bench_completion_complete(struct bench *b)
{
	complete(&b->done);
}

static BENCH bool bench_completion_try_wait(struct bench *b)
{
	return try_wait_for_completion(&b->done);
}

/* The buffer is the caller's again by what is returned, as in Rust. */
static BENCH int bench_dma_map_unmap(struct bench *b, struct device *dev, void *data,
				     void **back)
{
	dma_addr_t addr;

	addr = dma_map_single(dev, data, 2048, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, addr)) {
		kfree(data);
		return -EIO;
	}

	writel(lower_32_bits(addr), b->base + CONTROL);
	dma_unmap_single(dev, addr, 2048, DMA_TO_DEVICE);
	*back = data;
	return 0;
}

MODULE_DESCRIPTION("Functions to count the instructions of");
MODULE_LICENSE("GPL");
