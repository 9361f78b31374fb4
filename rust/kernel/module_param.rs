// SPDX-License-Identifier: GPL-2.0

//! Parameters of modules.
//!
//! They are declared in [`module!`], and given to `modprobe` as `name=value`, or on the command
//! line of the kernel as `module.name=value`. They are not in sysfs.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)
//!
//! [`module!`]: crate::prelude::module

use crate::{
    bindings, c_str,
    error::{from_result, to_result},
    prelude::*,
    str::{as_char_ptr_in_const_context, kstrtobool},
};
use core::{cell::UnsafeCell, marker::PhantomData};

/// A type that parameters can have.
pub trait ModuleParam: Copy + Send + Sync + 'static {
    /// Whether the name alone, without a value, means `1`. Otherwise it is refused.
    const NO_ARG: bool = false;

    /// Parses a value.
    ///
    /// Fails with [`EINVAL`] for what is none, and with [`ERANGE`] for a number that the type can't
    /// have.
    fn try_from_param_arg(arg: &CStr) -> Result<Self>;
}

macro_rules! impl_module_param {
    ($parse:ident: $($int:ty),*) => {$(
        /// A number is decimal, hexadecimal with `0x`, or octal with `0`.
        ///
        #[doc = concat!("C function: `", stringify!($parse), "()`.")]
        impl ModuleParam for $int {
            fn try_from_param_arg(arg: &CStr) -> Result<Self> {
                let mut value = 0;

                // SAFETY: The string ends with NUL, and the value can be written.
                to_result(unsafe { bindings::$parse(arg.as_char_ptr(), 0, &mut value) })?;
                value.try_into().map_err(|_| ERANGE)
            }
        }
    )*};
}

impl_module_param!(kstrtoll: i8, i16, i32, i64, isize);
impl_module_param!(kstrtoull: u8, u16, u32, u64, usize);

/// See [`kstrtobool`] for the values.
impl ModuleParam for bool {
    const NO_ARG: bool = true;

    fn try_from_param_arg(arg: &CStr) -> Result<Self> {
        kstrtobool(arg)
    }
}

/// The value of a parameter.
///
/// # Invariants
///
/// It is not written any more when [`ModuleParamAccess::value`] is called.
pub struct ModuleParamAccess<T>(UnsafeCell<T>);

// SAFETY: By the type invariant, a value that others can read is not written.
unsafe impl<T: ModuleParam> Sync for ModuleParamAccess<T> {}

impl<T: ModuleParam> ModuleParamAccess<T> {
    /// Creates the value that there is if nobody sets it.
    #[doc(hidden)]
    pub const fn new(default: T) -> Self {
        // INVARIANT: Whoever makes a `KernelParam` promises it.
        Self(UnsafeCell::new(default))
    }

    /// Returns what has been set. If that has been done several times, the last one counts.
    pub fn value(&self) -> &T {
        // SAFETY: By the type invariant, nobody writes it.
        unsafe { &*self.0.get() }
    }
}

/// An entry of the section `__param`.
///
/// C: `struct kernel_param`.
#[doc(hidden)]
#[repr(transparent)]
pub struct KernelParam(bindings::kernel_param);

// SAFETY: It does not change. What it points to is written as the caller of `new()` promised.
unsafe impl Sync for KernelParam {}

impl KernelParam {
    /// Creates the entry of `param`.
    ///
    /// # Safety
    ///
    /// It must not be used for setting the parameter by several tasks at a time, nor once
    /// [`ModuleParamAccess::value`] has been called.
    ///
    /// That is so for what is in the section `__param`, and not accessed by anything else:
    /// `load_module()`, or `start_kernel()` if the module is built in, parses the parameters before
    /// any code of the module runs. They are not parsed again at another level, and can't be
    /// written in sysfs.
    pub const unsafe fn new<T: ModuleParam>(
        name: &'static CStr,
        module: &'static ThisModule,
        param: &'static ModuleParamAccess<T>,
    ) -> Self {
        Self(bindings::kernel_param {
            name: as_char_ptr_in_const_context(name),
            // NULL if the module is built in.
            mod_: module.as_ptr(),
            ops: &Ops::<T>::OPS,
            perm: 0,
            level: -1,
            flags: 0,
            __bindgen_anon_1: bindings::kernel_param__bindgen_ty_1 {
                arg: param.0.get().cast(),
            },
        })
    }
}

struct Ops<T>(PhantomData<T>);

impl<T: ModuleParam> Ops<T> {
    const OPS: bindings::kernel_param_ops = bindings::kernel_param_ops {
        flags: if T::NO_ARG {
            bindings::KERNEL_PARAM_OPS_FL_NOARG
        } else {
            0
        },
        set: Some(Self::set),
        get: None,
        free: None,
    };

    /// `kernel_param_ops::set`.
    ///
    /// # Safety
    ///
    /// `val` must be NULL, or end with NUL; `param` must be a [`KernelParam`] for a `T`, and be
    /// used as [`KernelParam::new`] says.
    unsafe extern "C" fn set(val: *const c_char, param: *const bindings::kernel_param) -> c_int {
        from_result(|| {
            let arg = if val.is_null() {
                // `parse_one()` has looked at the flag.
                c_str!("1")
            } else {
                // SAFETY: By the safety requirements.
                unsafe { CStr::from_char_ptr(val) }
            };
            let value = T::try_from_param_arg(arg)?;

            // SAFETY: By the safety requirements, `arg` points to the `T` of a `ModuleParamAccess`,
            // which nobody else accesses now.
            unsafe { (*param).__bindgen_anon_1.arg.cast::<T>().write(value) };
            Ok(0)
        })
    }
}

#[kunit_tests(rust_kernel_module_param)]
mod tests {
    use super::*;
    use crate::error::from_err_ptr;

    fn parse<T: ModuleParam>(arg: &CStr) -> Result<T> {
        T::try_from_param_arg(arg)
    }

    #[test]
    fn numbers() {
        assert_eq!(parse::<i32>(c_str!("42")), Ok(42));
        assert_eq!(parse::<i32>(c_str!("+42")), Ok(42));
        assert_eq!(parse::<i32>(c_str!("-42")), Ok(-42));
        assert_eq!(parse::<u32>(c_str!("0x2a")), Ok(42));
        assert_eq!(parse::<u32>(c_str!("052")), Ok(42));
        // What `echo` writes.
        assert_eq!(parse::<u32>(c_str!("42\n")), Ok(42));

        assert_eq!(parse::<i32>(c_str!("")), Err(EINVAL));
        assert_eq!(parse::<i32>(c_str!(" 42")), Err(EINVAL));
        assert_eq!(parse::<i32>(c_str!("42 ")), Err(EINVAL));
        assert_eq!(parse::<i32>(c_str!("4.2")), Err(EINVAL));
        assert_eq!(parse::<i32>(c_str!("0x")), Err(EINVAL));
        assert_eq!(parse::<i32>(c_str!("forty-two")), Err(EINVAL));
        assert_eq!(parse::<u32>(c_str!("-42")), Err(EINVAL));
    }

    #[test]
    fn limits() {
        assert_eq!(parse::<i8>(c_str!("127")), Ok(i8::MAX));
        assert_eq!(parse::<i8>(c_str!("128")), Err(ERANGE));
        assert_eq!(parse::<i8>(c_str!("-128")), Ok(i8::MIN));
        assert_eq!(parse::<i8>(c_str!("-129")), Err(ERANGE));
        assert_eq!(parse::<u8>(c_str!("255")), Ok(u8::MAX));
        assert_eq!(parse::<u8>(c_str!("256")), Err(ERANGE));
        assert_eq!(parse::<i16>(c_str!("-32769")), Err(ERANGE));
        assert_eq!(parse::<u16>(c_str!("65536")), Err(ERANGE));
        assert_eq!(parse::<i32>(c_str!("2147483648")), Err(ERANGE));
        assert_eq!(parse::<u32>(c_str!("4294967296")), Err(ERANGE));
        assert_eq!(parse::<i64>(c_str!("9223372036854775807")), Ok(i64::MAX));
        assert_eq!(parse::<i64>(c_str!("9223372036854775808")), Err(ERANGE));
        assert_eq!(parse::<u64>(c_str!("18446744073709551615")), Ok(u64::MAX));
        assert_eq!(parse::<u64>(c_str!("18446744073709551616")), Err(ERANGE));
        assert_eq!(parse::<isize>(c_str!("18446744073709551615")), Err(ERANGE));
        assert_eq!(parse::<usize>(c_str!("18446744073709551616")), Err(ERANGE));
    }

    #[test]
    fn bools() {
        assert_eq!(parse::<bool>(c_str!("1")), Ok(true));
        assert_eq!(parse::<bool>(c_str!("n")), Ok(false));
        assert_eq!(parse::<bool>(c_str!("2")), Err(EINVAL));
    }

    static NOT_A_MODULE: ThisModule = {
        // SAFETY: It is NULL in what is built in, as the tests are.
        unsafe { ThisModule::from_ptr(core::ptr::null_mut()) }
    };

    /// Has the kernel parse `args`, of which `param` is the only one that it knows.
    fn parse_args(args: &CStr, param: &KernelParam) -> Result {
        let mut buf = [0; 32];
        let bytes = args.to_bytes_with_nul();

        buf.get_mut(..bytes.len())
            .ok_or(EINVAL)?
            .copy_from_slice(bytes);
        // SAFETY: The strings end with NUL, and the second one, which is changed, is ours. There is
        // one parameter, and each test has its own.
        let rest = unsafe {
            bindings::parse_args(
                c_str!("test").as_char_ptr(),
                buf.as_mut_ptr(),
                &param.0,
                1,
                -1,
                -1,
                core::ptr::null_mut(),
                None,
            )
        };
        from_err_ptr(rest).map(|_| ())
    }

    #[test]
    fn last_value_counts() {
        static VALUE: ModuleParamAccess<u8> = ModuleParamAccess::new(1);
        // SAFETY: `value()` is called below, after the last use of this.
        static PARAM: KernelParam =
            unsafe { KernelParam::new(c_str!("value"), &NOT_A_MODULE, &VALUE) };

        assert_eq!(parse_args(c_str!("value=2 value=0x10"), &PARAM), Ok(()));
        assert_eq!(parse_args(c_str!("value=256"), &PARAM), Err(ERANGE));
        assert_eq!(parse_args(c_str!("value="), &PARAM), Err(EINVAL));
        assert_eq!(parse_args(c_str!("value"), &PARAM), Err(EINVAL));
        assert_eq!(parse_args(c_str!("other=3"), &PARAM), Err(ENOENT));
        assert_eq!(*VALUE.value(), 16);
    }

    #[test]
    fn default_stays() {
        static VALUE: ModuleParamAccess<i32> = ModuleParamAccess::new(-1);
        // SAFETY: As in the other test.
        static PARAM: KernelParam =
            unsafe { KernelParam::new(c_str!("value"), &NOT_A_MODULE, &VALUE) };

        assert_eq!(parse_args(c_str!(""), &PARAM), Ok(()));
        assert_eq!(*VALUE.value(), -1);
    }

    #[test]
    fn name_alone_sets_bool() {
        static VALUE: ModuleParamAccess<bool> = ModuleParamAccess::new(false);
        // SAFETY: As in the other tests.
        static PARAM: KernelParam =
            unsafe { KernelParam::new(c_str!("value"), &NOT_A_MODULE, &VALUE) };

        assert_eq!(parse_args(c_str!("value"), &PARAM), Ok(()));
        assert!(*VALUE.value());
    }
}
