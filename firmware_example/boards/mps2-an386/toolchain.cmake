# Arm MPS2 with the image AN386: Cortex-M4 with a floating-point unit, which the engine does not use.
set(SERNET_BOARD mps2-an386)
set(SERNET_MACHINE mps2)
set(SERNET_CPU "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16")
include(${CMAKE_CURRENT_LIST_DIR}/../arm.cmake)
