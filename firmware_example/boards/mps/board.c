/* Arm's MPS2 and MPS3 boards, as QEMU has them; registers.h says where their parts are. */
#include "board.h"
#include "registers.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

const char board_name[] = BOARD_NAME;
const uint32_t board_instructions_per_tick = NANOSECONDS_PER_TICK; /* -icount shift=0: one takes a nanosecond */

uint32_t board_ticks(void) { return REGISTER(COUNTER); }

/* The UART of Arm's CMSDK: data, state, control, and at 0x10 the divider of the clock. */
void board_write(const char *text) {
  REGISTER(UART + 0x10) = 16;
  REGISTER(UART + 0x08) = 1;
  for (; *text; ++text) {
    while (REGISTER(UART + 0x04) & 1) {
    }
    REGISTER(UART) = (uint8_t)*text;
  }
}
