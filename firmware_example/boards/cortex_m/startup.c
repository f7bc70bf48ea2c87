/* From reset to main on any Cortex-M. */
#include "board.h"
#include "memory.h"

extern uint32_t stack_top[];

__attribute__((noreturn, used)) void reset(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: the floating-point and vector unit on */
  __asm__ volatile("dsb\nisb" ::: "memory");
#endif
  memory_start();
}

__attribute__((noreturn)) static void fault(void) {
  board_write("fault\n");
  board_exit(99);
}

__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack;
  void (*handlers[15])(void);
} vectors = {stack_top, {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault}};
