# SPDX-License-Identifier: GPL-2.0
# inject.pl INTERFACE NUMBER ADDRESS ADDRESS: sends frames of random bytes by a monitor interface,
# half of them with a header that begins as it should, from and to these addresses.
use strict;
use warnings;
use Socket;

use constant { AF_PACKET => 17, ETH_P_ALL => 3 };

my ($interface, $number, @addresses) = @ARGV;
my @macs = map { pack 'H12', tr/://dr } @addresses;
push @macs, "\xff" x 6;

open my $file, '<', "/sys/class/net/$interface/ifindex" or die "$interface: $!\n";
my $index = 0 + <$file>;
socket my $socket, AF_PACKET, SOCK_RAW, unpack('n', pack 'S', ETH_P_ALL) or die "socket: $!\n";
my $address = pack 'S n i S C C x8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 6;
bind $socket, $address or die "bind: $!\n";

sub bytes { join '', map { chr int rand 256 } 1 .. shift }

# The same every time.
srand 1;
my $sent = 0;
for (1 .. $number) {
	# Radiotap without anything in it, or with fields that are not there.
	my $radiotap = rand() < 0.9 ? pack('C C v V', 0, 0, 8, 0) : bytes(int rand 16);
	my $frame = bytes(int rand rand() < 0.9 ? 120 : 2400);
	if (rand() < 0.5) {
		# A management or data frame, whatever its subtype.
		my $control = chr((rand() < 0.7 ? 0x00 : 0x08) | int(rand 16) << 4);
		my @ends = map { $macs[rand @macs] } 1 .. 3;
		$frame = $control . bytes(3) . join('', @ends) . bytes(2) . $frame;
	}
	$sent++ if defined send $socket, $radiotap . $frame, 0;
}
print "$sent of $number frames were taken\n";
exit($sent == 0);
