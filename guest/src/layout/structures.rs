//! Types of the layout tables: a size, and the offset of each field, in bytes.
//!
//! Written by tests/layout.rs from drivers/layout.txt; do not edit.

structures! {
    list_entry: ListEntry = "LIST_ENTRY" {
        flink, blink,
    }
    unicode_string: UnicodeString = "UNICODE_STRING" {
        length, maximum_length, buffer,
    }
    object_attributes: ObjectAttributes = "OBJECT_ATTRIBUTES" {
        length, root_directory, object_name, attributes,
    }
    dispatcher_header: DispatcherHeader = "DISPATCHER_HEADER" {
        type_, size, signal_state, wait_list_head,
    }
    kevent: Kevent = "KEVENT" {
        header,
    }
    ksemaphore: Ksemaphore = "KSEMAPHORE" {
        header, limit,
    }
    kmutex: Kmutex = "KMUTEX" {
        header, mutant_list_entry, owner_thread, abandoned, apc_disable,
    }
    ktimer: Ktimer = "KTIMER" {
        header, due_time, timer_list_entry, dpc, period,
    }
    kdpc: Kdpc = "KDPC" {
        type_, importance, number, dpc_list_entry, deferred_routine, deferred_context,
        system_argument1, system_argument2, dpc_data,
    }
    kspin_lock: KspinLock = "KSPIN_LOCK" {
    }
    fast_mutex: FastMutex = "FAST_MUTEX" {
        count, owner, contention, event, old_irql,
    }
    slist_header: SlistHeader = "SLIST_HEADER" {
    }
    slist_entry: SlistEntry = "SLIST_ENTRY" {
        next,
    }
    npaged_lookaside_list: NpagedLookasideList = "NPAGED_LOOKASIDE_LIST" {
        l_depth, l_maximum_depth, l_total_allocates, l_total_frees, l_type, l_tag, l_size,
        l_allocate, l_free,
    }
    paged_lookaside_list: PagedLookasideList = "PAGED_LOOKASIDE_LIST" {
        l_depth, l_type, l_tag, l_size, l_allocate, l_free,
    }
    work_queue_item: WorkQueueItem = "WORK_QUEUE_ITEM" {
        list, worker_routine, parameter,
    }
    driver_object: DriverObject = "DRIVER_OBJECT" {
        type_, size, device_object, flags, driver_start, driver_size, driver_section,
        driver_extension, driver_name, hardware_database, fast_io_dispatch, driver_init,
        driver_start_io, driver_unload, major_function,
    }
    driver_extension: DriverExtension = "DRIVER_EXTENSION" {
        driver_object, add_device, count, service_key_name,
    }
    device_object: DeviceObject = "DEVICE_OBJECT" {
        type_, size, reference_count, driver_object, next_device, attached_device, current_irp,
        timer, flags, characteristics, vpb, device_extension, device_type, stack_size, queue,
        alignment_requirement, device_queue, dpc, active_thread_count, security_descriptor,
        device_lock, sector_size, device_object_extension,
    }
    file_object: FileObject = "FILE_OBJECT" {
        type_, size, device_object, vpb, fs_context, fs_context2, related_file_object, flags,
        file_name, current_byte_offset,
    }
    io_status_block: IoStatusBlock = "IO_STATUS_BLOCK" {
        status, pointer, information,
    }
    irp: Irp = "IRP" {
        type_, size, mdl_address, flags, associated_irp_system_buffer, thread_list_entry, io_status,
        requestor_mode, pending_returned, stack_count, current_location, cancel, cancel_irql,
        apc_environment, allocation_flags, user_iosb, user_event, cancel_routine, user_buffer,
        tail_overlay_driver_context, tail_overlay_thread, tail_overlay_list_entry,
        tail_overlay_current_stack_location, tail_overlay_original_file_object,
    }
    io_stack_location: IoStackLocation = "IO_STACK_LOCATION" {
        major_function, minor_function, flags, control, parameters_create_security_context,
        parameters_create_options, parameters_read_length, parameters_read_key,
        parameters_read_byte_offset, parameters_device_io_control_output_buffer_length,
        parameters_device_io_control_input_buffer_length,
        parameters_device_io_control_io_control_code,
        parameters_device_io_control_type3_input_buffer,
        parameters_device_capabilities_capabilities, parameters_power_system_context,
        parameters_power_type, parameters_power_state, parameters_power_shutdown_type,
        parameters_start_device_allocated_resources,
        parameters_start_device_allocated_resources_translated, parameters_others_argument1,
        parameters_others_argument2, parameters_others_argument3, parameters_others_argument4,
        device_object, file_object, completion_routine, context,
    }
    mdl: Mdl = "MDL" {
        next, size, mdl_flags, process, mapped_system_va, start_va, byte_count, byte_offset,
    }
    cm_partial_resource_descriptor: CmPartialResourceDescriptor = "CM_PARTIAL_RESOURCE_DESCRIPTOR" {
        type_, share_disposition, flags, u_port_start, u_port_length, u_interrupt_level,
        u_interrupt_vector, u_interrupt_affinity, u_memory_start, u_memory_length, u_dma_channel,
        u_dma_port,
    }
    cm_partial_resource_list: CmPartialResourceList = "CM_PARTIAL_RESOURCE_LIST" {
        version, revision, count, partial_descriptors,
    }
    cm_full_resource_descriptor: CmFullResourceDescriptor = "CM_FULL_RESOURCE_DESCRIPTOR" {
        interface_type, bus_number, partial_resource_list,
    }
    cm_resource_list: CmResourceList = "CM_RESOURCE_LIST" {
        count, list,
    }
    power_state: PowerState = "POWER_STATE" {
    }
    device_capabilities: DeviceCapabilities = "DEVICE_CAPABILITIES" {
        size, version, address, ui_number, device_state, system_wake, device_wake, d1_latency,
        d2_latency, d3_latency,
    }
    rtl_query_registry_table: RtlQueryRegistryTable = "RTL_QUERY_REGISTRY_TABLE" {
        query_routine, flags, name, entry_context, default_type, default_data, default_length,
    }
    key_value_basic_information: KeyValueBasicInformation = "KEY_VALUE_BASIC_INFORMATION" {
        title_index, type_, name_length, name,
    }
    key_value_partial_information: KeyValuePartialInformation = "KEY_VALUE_PARTIAL_INFORMATION" {
        title_index, type_, data_length, data,
    }
    key_value_full_information: KeyValueFullInformation = "KEY_VALUE_FULL_INFORMATION" {
        title_index, type_, data_offset, data_length, name_length, name,
    }
    kuser_shared_data: KuserSharedData = "KUSER_SHARED_DATA" {
        tick_count_low_deprecated, tick_count_multiplier, interrupt_time, system_time,
        time_zone_bias, nt_major_version, nt_minor_version, tick_count, cookie,
    }
    kpcr: Kpcr = "KPCR" {
        self_pcr, prcb, irql, current_thread,
    }
    ksystem_time: KsystemTime = "KSYSTEM_TIME" {
        low_part, high1_time, high2_time,
    }
    guid: Guid = "GUID" {
        data1, data2, data3, data4,
    }
    ksidentifier: Ksidentifier = "KSIDENTIFIER" {
        set, id, flags,
    }
    ksdataformat: Ksdataformat = "KSDATAFORMAT" {
        format_size, flags, sample_size, reserved, major_format, sub_format, specifier,
    }
    ksdatarange: Ksdatarange = "KSDATARANGE" {
        format_size, flags, sample_size, reserved, major_format, sub_format, specifier,
    }
    ksdatarange_music: KsdatarangeMusic = "KSDATARANGE_MUSIC" {
        data_range, technology, channels, notes, channel_mask,
    }
    kspin_descriptor: KspinDescriptor = "KSPIN_DESCRIPTOR" {
        interfaces_count, interfaces, mediums_count, mediums, data_ranges_count, data_ranges,
        data_flow, communication, category, name, constrained_data_ranges_count,
        constrained_data_ranges,
    }
    ksstream_header: KsstreamHeader = "KSSTREAM_HEADER" {
        size, type_specific_flags, presentation_time, duration, frame_extent, data_used, data,
        options_flags,
    }
    ksevent_entry: KseventEntry = "KSEVENT_ENTRY" {
        list_entry, object,
    }
    pcpin_descriptor: PcpinDescriptor = "PCPIN_DESCRIPTOR" {
        max_global_instance_count, max_filter_instance_count, min_filter_instance_count,
        automation_table, ks_pin_descriptor,
    }
    pcnode_descriptor: PcnodeDescriptor = "PCNODE_DESCRIPTOR" {
        flags, automation_table, type_, name,
    }
    pcconnection_descriptor: PcconnectionDescriptor = "PCCONNECTION_DESCRIPTOR" {
        from_node, from_node_pin, to_node, to_node_pin,
    }
    pcfilter_descriptor: PcfilterDescriptor = "PCFILTER_DESCRIPTOR" {
        version, automation_table, pin_size, pin_count, pins, node_size, node_count, nodes,
        connection_count, connections, category_count, categories,
    }
    pcproperty_item: PcpropertyItem = "PCPROPERTY_ITEM" {
        set, id, flags, handler,
    }
    pcmethod_item: PcmethodItem = "PCMETHOD_ITEM" {
        set, id, flags, handler,
    }
    pcevent_item: PceventItem = "PCEVENT_ITEM" {
        set, id, flags, handler,
    }
    pcautomation_table: PcautomationTable = "PCAUTOMATION_TABLE" {
        property_item_size, property_count, properties, method_item_size, method_count, methods,
        event_item_size, event_count, events,
    }
    pcproperty_request: PcpropertyRequest = "PCPROPERTY_REQUEST" {
        major_target, minor_target, node, property_item, verb, instance_size, instance, value_size,
        value, irp,
    }
    pcevent_request: PceventRequest = "PCEVENT_REQUEST" {
        major_target, minor_target, node, event_item, event_entry, verb, irp,
    }
    dmus_kernel_event: DmusKernelEvent = "DMUS_KERNEL_EVENT" {
        b_reserved, cb_struct, cb_event, us_channel_group, us_flags, ull_pres_time100ns,
        ull_byte_position, p_next_evt, u_data,
    }
}
