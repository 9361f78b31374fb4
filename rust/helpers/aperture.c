// SPDX-License-Identifier: GPL-2.0

#include <linux/aperture.h>

#ifndef CONFIG_APERTURE_HELPERS
int rust_helper_aperture_remove_conflicting_devices(resource_size_t base,
						    resource_size_t size,
						    const char *name)
{
	return aperture_remove_conflicting_devices(base, size, name);
}

int rust_helper_aperture_remove_conflicting_pci_devices(struct pci_dev *pdev,
							const char *name)
{
	return aperture_remove_conflicting_pci_devices(pdev, name);
}
#endif
