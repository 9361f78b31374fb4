// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/pm_runtime.h>

bool rust_helper_device_may_wakeup(struct device *dev)
{
	return device_may_wakeup(dev);
}

void rust_helper_dev_pm_set_driver_flags(struct device *dev, u32 flags)
{
	dev_pm_set_driver_flags(dev, flags);
}

void rust_helper_pm_runtime_get_noresume(struct device *dev)
{
	pm_runtime_get_noresume(dev);
}

void rust_helper_pm_runtime_put_noidle(struct device *dev)
{
	pm_runtime_put_noidle(dev);
}

bool rust_helper_pm_runtime_suspended(struct device *dev)
{
	return pm_runtime_suspended(dev);
}

bool rust_helper_pm_runtime_active(struct device *dev)
{
	return pm_runtime_active(dev);
}

bool rust_helper_pm_runtime_status_suspended(struct device *dev)
{
	return pm_runtime_status_suspended(dev);
}

bool rust_helper_pm_runtime_enabled(struct device *dev)
{
	return pm_runtime_enabled(dev);
}

void rust_helper_pm_runtime_mark_last_busy(struct device *dev)
{
	pm_runtime_mark_last_busy(dev);
}

int rust_helper_pm_runtime_idle(struct device *dev)
{
	return pm_runtime_idle(dev);
}

int rust_helper_pm_runtime_suspend(struct device *dev)
{
	return pm_runtime_suspend(dev);
}

int rust_helper_pm_runtime_autosuspend(struct device *dev)
{
	return pm_runtime_autosuspend(dev);
}

int rust_helper_pm_runtime_resume(struct device *dev)
{
	return pm_runtime_resume(dev);
}

int rust_helper_pm_request_idle(struct device *dev)
{
	return pm_request_idle(dev);
}

int rust_helper_pm_request_resume(struct device *dev)
{
	return pm_request_resume(dev);
}

int rust_helper_pm_request_autosuspend(struct device *dev)
{
	return pm_request_autosuspend(dev);
}

int rust_helper_pm_runtime_get(struct device *dev)
{
	return pm_runtime_get(dev);
}

int rust_helper_pm_runtime_resume_and_get(struct device *dev)
{
	return pm_runtime_resume_and_get(dev);
}

int rust_helper_pm_runtime_put(struct device *dev)
{
	return pm_runtime_put(dev);
}

int rust_helper_pm_runtime_put_autosuspend(struct device *dev)
{
	return pm_runtime_put_autosuspend(dev);
}

int rust_helper_pm_runtime_put_sync(struct device *dev)
{
	return pm_runtime_put_sync(dev);
}

int rust_helper_pm_runtime_set_active(struct device *dev)
{
	return pm_runtime_set_active(dev);
}

int rust_helper_pm_runtime_set_suspended(struct device *dev)
{
	return pm_runtime_set_suspended(dev);
}

void rust_helper_pm_runtime_disable(struct device *dev)
{
	pm_runtime_disable(dev);
}

void rust_helper_pm_runtime_use_autosuspend(struct device *dev)
{
	pm_runtime_use_autosuspend(dev);
}

void rust_helper_pm_runtime_dont_use_autosuspend(struct device *dev)
{
	pm_runtime_dont_use_autosuspend(dev);
}

#ifndef CONFIG_PM_SLEEP
int rust_helper_device_set_wakeup_enable(struct device *dev, bool enable)
{
	return device_set_wakeup_enable(dev, enable);
}
#endif

#ifndef CONFIG_PM
int rust_helper_devm_pm_runtime_enable(struct device *dev)
{
	return devm_pm_runtime_enable(dev);
}

int rust_helper_pm_runtime_get_if_active(struct device *dev)
{
	return pm_runtime_get_if_active(dev);
}

int rust_helper_pm_runtime_get_if_in_use(struct device *dev)
{
	return pm_runtime_get_if_in_use(dev);
}

int rust_helper_pm_schedule_suspend(struct device *dev, unsigned int delay)
{
	return pm_schedule_suspend(dev, delay);
}

int rust_helper_pm_runtime_barrier(struct device *dev)
{
	return pm_runtime_barrier(dev);
}

void rust_helper_pm_runtime_enable(struct device *dev)
{
	pm_runtime_enable(dev);
}

void rust_helper_pm_runtime_allow(struct device *dev)
{
	pm_runtime_allow(dev);
}

void rust_helper_pm_runtime_forbid(struct device *dev)
{
	pm_runtime_forbid(dev);
}

void rust_helper_pm_runtime_no_callbacks(struct device *dev)
{
	pm_runtime_no_callbacks(dev);
}

void rust_helper_pm_runtime_set_autosuspend_delay(struct device *dev, int delay)
{
	pm_runtime_set_autosuspend_delay(dev, delay);
}

u64 rust_helper_pm_runtime_autosuspend_expiration(struct device *dev)
{
	return pm_runtime_autosuspend_expiration(dev);
}
#endif
