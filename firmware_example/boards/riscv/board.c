/* QEMU's virt machine for RISC-V. */
#include "board.h"
#include "memory.h"

const char board_name[] = BOARD_NAME;
const uint32_t board_instructions_per_tick = 1;

__attribute__((section(".vectors"), naked, noreturn, used)) void reset(void) {
  __asm__ volatile(
      "la t0, fault\ncsrw mtvec, t0\nla sp, stack_top\ntail memory_start");
}

__attribute__((noreturn, used, aligned(4))) void fault(void) {
  board_write("fault\n");
  board_exit(99);
}

uint32_t board_ticks(void) {
  uint32_t retired;
  __asm__ volatile("csrr %0, minstret" : "=r"(retired));
  return retired;
}

void board_write(const char *text) {
  volatile uint8_t *const uart = (volatile uint8_t *)0x10000000; /* a 16550 */
  for (; *text; ++text) {
    while (!(uart[5] & 0x20)) {
    }
    *uart = (uint8_t)*text;
  }
}
