"""Memory of kernels: what Numba's code asks of its run time, over ``malloc`` and ``free``.

An array that a kernel makes is one block: Numba's header (six words: how many hold it, two that stay empty, the address
of the entries, their size, one more that stays empty) and then the entries, aligned. It never leaves the thread that
made it, so that counts need no lock. ``NRT_incref`` and ``NRT_decref`` are not inlined: LLVM's pass that removes pairs
of them knows them by name. Where memory runs out, Numba's code returns with an error.
"""

#: In LLVM's own language.
MEMORY = """
declare ptr @malloc(i64)
declare void @free(ptr)

define noalias ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %alignment) {
  %align = zext i32 %alignment to i64
  %extra = add i64 %align, 48
  %total = add i64 %extra, %size
  %block = call noalias ptr @malloc(i64 %total)
  %failed = icmp eq ptr %block, null
  br i1 %failed, label %done, label %made
made:
  store i64 1, ptr %block
  %destructor = getelementptr i64, ptr %block, i64 1
  store ptr null, ptr %destructor
  %about = getelementptr i64, ptr %block, i64 2
  store ptr null, ptr %about
  %address = ptrtoint ptr %block to i64
  %behind = add i64 %address, 48
  %over = add i64 %align, -1
  %up = add i64 %behind, %over
  %mask = sub i64 0, %align
  %first = and i64 %up, %mask
  %entries = inttoptr i64 %first to ptr
  %data = getelementptr i64, ptr %block, i64 3
  store ptr %entries, ptr %data
  %length = getelementptr i64, ptr %block, i64 4
  store i64 %size, ptr %length
  %allocator = getelementptr i64, ptr %block, i64 5
  store ptr null, ptr %allocator
  br label %done
done:
  ret ptr %block
}

define ptr @NRT_MemInfo_data_fast(ptr %block) alwaysinline {
  %data = getelementptr i64, ptr %block, i64 3
  %entries = load ptr, ptr %data
  ret ptr %entries
}

define void @NRT_incref(ptr %block) noinline {
  %nothing = icmp eq ptr %block, null
  br i1 %nothing, label %done, label %held
held:
  %count = load i64, ptr %block
  %more = add i64 %count, 1
  store i64 %more, ptr %block
  br label %done
done:
  ret void
}

define void @NRT_decref(ptr %block) noinline {
  %nothing = icmp eq ptr %block, null
  br i1 %nothing, label %done, label %held
held:
  %count = load i64, ptr %block
  %fewer = add i64 %count, -1
  store i64 %fewer, ptr %block
  %last = icmp eq i64 %fewer, 0
  br i1 %last, label %give_back, label %done
give_back:
  call void @free(ptr %block)
  br label %done
done:
  ret void
}
"""
