/* Memory when a program starts, and paint on the stack that tells how deep it went. */
#include "memory.h"

#include "board.h"

extern uint32_t image_data[], data_begin[], data_end[], bss_begin[], bss_end[], stack_end[], stack_top[];
int main(void);

static const uint32_t PAINT = 0xc0ffee00;

void memory_start(void) {
  const uint32_t *from = image_data;
  for (uint32_t *to = data_begin; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_begin; to < bss_end;) *to++ = 0;
  uint32_t *const here = (uint32_t *)__builtin_frame_address(0) - 16;
  for (uint32_t *to = stack_end; to < here;) *to++ = PAINT;
  const int code = main();
  if (*stack_end != PAINT) board_write("the stack has met the other memory\n");
  board_exit(*stack_end == PAINT ? code : 98);
}

uint32_t board_stack_bytes(void) {
  const uint32_t *lowest = stack_end;
  while (lowest < stack_top && *lowest == PAINT) ++lowest;
  return (uint32_t)((const uint8_t *)stack_top - (const uint8_t *)lowest);
}
